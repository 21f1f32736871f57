package org.tarflowlm.config;

import java.util.Arrays;
import org.tarflowlm.json.ConfigException;

/** The data sets that models are made for; each fixes the vocabulary and the latent width. */
public enum TextFormat {
  /** 27 symbols: a to z and the space; d = 5 as in the paper. */
  TEXT8("text8", 27, 5),
  /** Bytes of Wikipedia's XML. Not in the paper; our d = 8 lies between the paper's two values. */
  ENWIK8("bytes", 256, 8),
  /** GPT-2's byte-pair tokens; d = 16 as in the paper. */
  OPENWEBTEXT("gpt2", 50257, 16);

  private final String tokenizerName;
  private final int vocabSize;
  private final int latentDim;

  TextFormat(String tokenizerName, int vocabSize, int latentDim) {
    this.tokenizerName = tokenizerName;
    this.vocabSize = vocabSize;
    this.latentDim = latentDim;
  }

  /**
   * The data set that goes with a tokenizer.
   *
   * @throws ConfigException if no data set uses this tokenizer
   */
  public static TextFormat ofTokenizer(String name) {
    return Arrays.stream(values()).filter(each -> each.tokenizerName.equals(name)).findFirst()
        .orElseThrow(() -> new ConfigException("tokenizer", "is \"" + name + "\"; expected text8, bytes or gpt2"));
  }

  /** Name of the tokenizer, as a checkpoint stores it. */
  public String tokenizerName() {
    return tokenizerName;
  }

  public int vocabSize() {
    return vocabSize;
  }

  public int latentDim() {
    return latentDim;
  }
}
