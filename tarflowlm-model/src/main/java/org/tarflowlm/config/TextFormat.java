package org.tarflowlm.config;

import java.util.Arrays;
import org.tarflowlm.json.ConfigException;

/** The data sets that models are made for: what fixes vocabulary and latent width. */
public enum TextFormat {
  /** 27 symbols: a to z and the space; d = 5 as in the paper. */
  TEXT8("text8", 27, 5),
  /** Bytes of Wikipedia's XML. Not in the paper; d = 8 is our choice, between its two. */
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
   * The data that a tokenizer's models are made for.
   *
   * @throws ConfigException if the tokenizer is none of these
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
