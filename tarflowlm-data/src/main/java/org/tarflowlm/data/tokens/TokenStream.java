package org.tarflowlm.data.tokens;

import java.io.Closeable;
import java.io.IOException;

/** Token ids of a corpus that is read once, from front to back. */
public interface TokenStream extends Closeable {
  /**
   * Reads tokens to ids[at ...] until {@code count} have arrived or the corpus ends.
   *
   * @return number read; less than {@code count} only at the end
   * @throws org.tarflowlm.data.DataException if the corpus holds something that is not a token, or is damaged
   */
  int read(int[] ids, int at, int count) throws IOException;
}
