package org.tarflowlm.data.tokens;

import java.io.Closeable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import org.tarflowlm.data.file.Sha256;

/** Token ids of a whole corpus with fast access at any position. Safe for use by several threads. */
public interface TokenSequence extends Closeable {
  /** Number of tokens. */
  long length();

  /** Number of different ids: every id read is in [0, vocabSize). */
  int vocabSize();

  /**
   * Copies tokens [from, from + count) to ids[at ...].
   *
   * @throws org.tarflowlm.data.DataException if the corpus holds something there that is not a token
   */
  void read(long from, int[] ids, int at, int count);

  /**
   * SHA-256 that tells whether two sequences of one kind are the same. Unless overridden, it reads all ids and hashes them as 32-bit
   * little-endian numbers.
   */
  default String contentHash() {
    MessageDigest digest = Sha256.digest();
    int[] ids = new int[1 << 14];
    ByteBuffer bytes = ByteBuffer.allocate(4 * ids.length).order(ByteOrder.LITTLE_ENDIAN);
    for (long at = 0; at < length(); at += ids.length) {
      int n = (int) Math.min(ids.length, length() - at);
      read(at, ids, 0, n);
      bytes.clear().asIntBuffer().put(ids, 0, n);
      digest.update(bytes.limit(4 * n));
    }
    return Sha256.hex(digest);
  }

  /** Tokens [from, to) of this sequence, such as the test split. Closing the part closes the whole. */
  default TokenSequence slice(long from, long to) {
    return new TokenSequences.Slice(this, from, to);
  }

  /** The tokens from front to back. Closing the stream closes the sequence. */
  default TokenStream stream() {
    return new TokenStream() {
      private long position;

      @Override
      public int read(int[] ids, int at, int count) {
        int n = (int) Math.min(count, length() - position);
        TokenSequence.this.read(position, ids, at, n);
        position += n;
        return n;
      }

      @Override
      public void close() {
        TokenSequence.this.close();
      }
    };
  }

  @Override
  void close();
}
