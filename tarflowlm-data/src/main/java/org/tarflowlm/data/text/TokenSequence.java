package org.tarflowlm.data.text;

import java.io.Closeable;

/** Token ids of a whole corpus with cheap access at any position. Safe for use by several threads. */
public interface TokenSequence extends Closeable {
  /** Number of tokens. */
  long length();

  /** Number of different ids: every id read is in [0, vocabSize). */
  int vocabSize();

  /**
   * Copies tokens [from, from + count) to ids[at ...].
   *
   * @throws org.tarflowlm.data.DataException if the corpus holds something there that is no token
   */
  void read(long from, int[] ids, int at, int count);

  /** Tokens [from, to) of this sequence, such as the test split. Closing the part closes the whole. */
  default TokenSequence slice(long from, long to) {
    return new TokenSlice(this, from, to);
  }

  @Override
  void close();
}
