package org.tarflowlm.data.tokenize;

import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

/**
 * Converts text to token ids and back. Ids lie in [0, {@link #vocabSize()}). For every text that the tokenizer accepts, {@link
 * #decodeBytes} of {@link #encode(String)} gives exactly the text's UTF-8 bytes. Implementations are immutable and thread-safe.
 */
public interface Tokenizer {
  /** Short name for {@link Tokenizers#byName}; stored in token caches and checkpoints. */
  String name();

  /** Number of different ids. */
  int vocabSize();

  /** The id placed between two documents. */
  int separator();

  /** The id that marks the end of a text and that no text encodes to; empty if there is none. */
  default OptionalInt endOfText() {
    return OptionalInt.empty();
  }

  /**
   * Ids of a text.
   *
   * @throws org.tarflowlm.data.DataException if the text has a character that this tokenizer cannot express; the message names the
   *     character and its offset
   */
  int[] encode(String text);

  /**
   * The bytes that the ids stand for.
   *
   * @throws org.tarflowlm.data.DataException if an id is outside the vocabulary
   */
  byte[] decodeBytes(int[] ids);

  /** The text that the ids stand for. If the ids cut a UTF-8 sequence, its bytes become U+FFFD; {@link #decodeBytes} keeps them. */
  default String decode(int[] ids) {
    return new String(decodeBytes(ids), StandardCharsets.UTF_8);
  }
}
