package org.tarflowlm.data.documents;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.tarflowlm.data.DataException;

/** Ends with an error instead of unpacking without end. */
final class LimitedInputStream extends FilterInputStream {
  private final String name;
  private final long limit;
  private long count;

  LimitedInputStream(InputStream in, String name, long limit) {
    super(in);
    this.name = name;
    this.limit = limit;
  }

  @Override
  public int read() throws IOException {
    int b = super.read();
    count(b < 0 ? 0 : 1);
    return b;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    int n = super.read(target, offset, length);
    count(Math.max(n, 0));
    return n;
  }

  @Override
  public long skip(long n) throws IOException {
    long skipped = super.skip(n);
    count(skipped);
    return skipped;
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  private void count(long n) {
    count += n;
    if (count > limit) {
      throw new DataException(name + " unpacks to more than " + limit + " bytes, the limit");
    }
  }
}
