package org.tarflowlm.data.text;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.Compression;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.file.XzBytes;

/** A compressed tar of texts inside a corpus, such as OpenWebText's {@code urlsf_subset00-1_data.xz}. */
final class InnerArchive {
  /** Archives up to this many bytes are held packed and unpacked by the thread that reads the part. */
  static final int IN_MEMORY = 4 << 20;

  private InnerArchive() {}

  /** A part whose archive is in memory, packed. */
  static DocumentSource.Part part(String name, byte[] packed, DocumentSource.Limits limits) {
    return consumer -> {
      TarTexts texts;
      try {
        InputStream in = Compression.detect(packed, name) == Compression.XZ
            ? new Limited(XzBytes.open(packed, name, limits.archiveBytes()), name, limits.archiveBytes())
            : unpack(new ByteArrayInputStream(packed), name, limits);
        texts = new TarTexts(new BufferedInputStream(in, 1 << 14), name, limits);
      } catch (IOException e) {
        throw IoErrors.unreadable(name, e);
      }
      while (texts.advance()) {
        if (texts.isText()) {
          consumer.accept(texts.text());
        }
      }
    };
  }

  /** The entries of an archive that is streamed. */
  static TarTexts stream(InputStream packed, String name, DocumentSource.Limits limits) {
    try {
      return new TarTexts(new BufferedInputStream(unpack(packed, name, limits), 1 << 16), name, limits);
    } catch (IOException e) {
      throw IoErrors.unreadable(name, e);
    }
  }

  private static InputStream unpack(InputStream packed, String name, DocumentSource.Limits limits) throws IOException {
    return new Limited(Compression.unpack(new BufferedInputStream(packed, 1 << 16), name), name, limits.archiveBytes());
  }

  /** Ends with an error instead of unpacking without end. */
  private static final class Limited extends FilterInputStream {
    private final String name;
    private final long limit;
    private long count;

    Limited(InputStream in, String name, long limit) {
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

    private void count(int n) {
      count += n;
      if (count > limit) {
        throw new DataException(name + " unpacks to more than " + limit + " bytes, the limit");
      }
    }
  }
}
