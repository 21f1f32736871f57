package org.tarflowlm.data.tokens;

import java.io.Closeable;
import java.io.IOException;

/** Token ids of a corpus one after another, for corpora that are read once from front to back. */
public interface TokenStream extends Closeable {
  /**
   * Reads tokens to ids[at ...] until {@code count} are there or the corpus ends.
   *
   * @return how many were read; less than {@code count} only at the end
   * @throws org.tarflowlm.data.DataException if the corpus holds what is not a token, or is damaged
   */
  int read(int[] ids, int at, int count) throws IOException;
}
