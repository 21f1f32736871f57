package org.tarflowlm.data.tokenize;

import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

/**
 * Text to token ids and back. Ids lie in [0, {@link #vocabSize()}). {@link #decodeBytes} of {@link #encode(String)} gives back
 * the text's UTF-8 bytes exactly, for every text the tokenizer accepts. Implementations are immutable and thread-safe.
 */
public interface Tokenizer {
  /** Short name by which {@link Tokenizers#byName} finds it again; stored in token caches and checkpoints. */
  String name();

  /** Number of different ids. */
  int vocabSize();

  /** The id that is put between two documents. */
  int separator();

  /** The id that means "here a text ends" and that no text encodes to; empty where there is none. */
  default OptionalInt endOfText() {
    return OptionalInt.empty();
  }

  /**
   * Ids of a text.
   *
   * @throws org.tarflowlm.data.DataException if the text holds a character that this tokenizer cannot express; the message
   *     names the character and its offset
   */
  int[] encode(String text);

  /**
   * The bytes that the ids stand for.
   *
   * @throws org.tarflowlm.data.DataException if an id is outside the vocabulary
   */
  byte[] decodeBytes(int[] ids);

  /**
   * The text that the ids stand for. Where the ids cut a UTF-8 sequence, its bytes become U+FFFD; {@link #decodeBytes} loses
   * nothing.
   */
  default String decode(int[] ids) {
    return new String(decodeBytes(ids), StandardCharsets.UTF_8);
  }
}
