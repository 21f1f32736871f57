package org.tarflowlm.data.tokens;

import java.nio.charset.StandardCharsets;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.Sha256;

/** Tokens [from, to) of another sequence. */
record TokenSlice(TokenSequence whole, long from, long to) implements TokenSequence {
  TokenSlice {
    if (from < 0 || to < from || to > whole.length()) {
      throw new DataException("tokens " + from + " to " + to + " asked of a corpus of " + whole.length() + " tokens");
    }
  }

  @Override
  public long length() {
    return to - from;
  }

  @Override
  public int vocabSize() {
    return whole.vocabSize();
  }

  @Override
  public void read(long start, int[] ids, int at, int count) {
    if (start < 0 || count < 0 || start + count > length()) {
      throw new IndexOutOfBoundsException("tokens " + start + " to " + (start + count) + " of " + length());
    }
    whole.read(from + start, ids, at, count);
  }

  @Override
  public String contentHash() {
    return whole instanceof TokenCache
        ? Sha256.of((whole.contentHash() + " " + from + " " + to).getBytes(StandardCharsets.US_ASCII)) : TokenSequence.super.contentHash();
  }

  @Override
  public void close() {
    whole.close();
  }
}
