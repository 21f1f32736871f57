package org.tarflowlm.data.tokenize;

import java.util.List;
import org.tarflowlm.data.DataException;

/** The tokenizers of this project, by name. */
public final class Tokenizers {
  private static final List<Tokenizer> ALL = List.of(new Text8Alphabet(), new Bytes(), new Gpt2Bpe());

  private Tokenizers() {}

  /** All tokenizers: text8, bytes, gpt2. */
  public static List<Tokenizer> all() {
    return ALL;
  }

  /**
   * The tokenizer of that name.
   *
   * @throws DataException if there is none
   */
  public static Tokenizer byName(String name) {
    for (Tokenizer tokenizer : ALL) {
      if (tokenizer.name().equals(name)) {
        return tokenizer;
      }
    }
    throw new DataException("tokenizer \"" + name + "\" is not known; expected one of "
        + String.join(", ", ALL.stream().map(Tokenizer::name).toList()));
  }
}
