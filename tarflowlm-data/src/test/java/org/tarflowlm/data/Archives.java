package org.tarflowlm.data;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** Makes small archives for tests. */
public final class Archives {
  private Archives() {}

  /** An entry of an archive. */
  public record Entry(String name, byte[] content) {
    public Entry(String name, String content) {
      this(name, content.getBytes(StandardCharsets.UTF_8));
    }
  }

  private interface Wrap {
    OutputStream around(OutputStream out) throws IOException;
  }

  private static byte[] packed(byte[] content, Wrap wrap) {
    try {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (OutputStream packing = wrap.around(out)) {
        packing.write(content);
      }
      return out.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static byte[] gz(byte[] content) {
    return packed(content, GZIPOutputStream::new);
  }

  public static byte[] bz2(byte[] content) {
    return packed(content, BZip2CompressorOutputStream::new);
  }

  public static byte[] xz(byte[] content) {
    return packed(content, out -> new XZOutputStream(out, new LZMA2Options(1)));
  }

  public static byte[] zst(byte[] content) {
    return packed(content, out -> new ZstdOutputStream(out).setChecksum(true));
  }

  /** Declares the dictionary size of xz -9. */
  public static byte[] xzWithLargeDictionary(byte[] content) {
    return packed(content, out -> {
      LZMA2Options options = new LZMA2Options(1);
      options.setDictSize(64 << 20);
      return new XZOutputStream(out, options);
    });
  }

  public static byte[] zip(Entry... entries) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Entry entry : entries) {
        zip.putNextEntry(new ZipEntry(entry.name()));
        zip.write(entry.content());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  public static byte[] tar(Entry... entries) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
      for (Entry entry : entries) {
        TarArchiveEntry header = new TarArchiveEntry(entry.name(), true);
        header.setSize(entry.content().length);
        tar.putArchiveEntry(header);
        tar.write(entry.content());
        tar.closeArchiveEntry();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }
}
