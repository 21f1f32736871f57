package org.tarflowlm.data.file;

import com.github.luben.zstd.ZstdInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Locale;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.tarflowlm.data.DataException;
import org.tukaani.xz.XZInputStream;

/** Compression of a file, detected from its first bytes; unpacks as a stream. */
public enum Compression {
  NONE(""),
  ZIP(".zip", 'P', 'K', 3, 4),
  ZIP_OF_NOTHING(".zip", 'P', 'K', 5, 6),
  GZIP(".gz", 0x1f, 0x8b),
  BZIP2(".bz2", 'B', 'Z', 'h', -1, '1', 'A', 'Y', '&', 'S', 'Y'),
  BZIP2_OF_NOTHING(".bz2", 'B', 'Z', 'h', -1, 0x17, 0x72, 0x45, 0x38, 0x50, 0x90),
  XZ(".xz", 0xfd, '7', 'z', 'X', 'Z', 0),
  ZSTD(".zst", 0x28, 0xb5, 0x2f, 0xfd),
  /** Zstandard that begins with a skippable frame, as pzstd and seekable writers produce it. */
  ZSTD_SKIPPABLE(".zst", -1, 0x2a, 0x4d, 0x18);

  /** Formats that are recognised only to be refused. */
  private enum Unreadable {
    SEVEN_ZIP("7z archive", '7', 'z', 0xbc, 0xaf, 0x27, 0x1c),
    RAR("rar archive", 'R', 'a', 'r', '!', 0x1a, 7),
    LZ4("lz4 file", 4, 0x22, 0x4d, 0x18),
    LZIP("lzip file", 'L', 'Z', 'I', 'P', 1),
    COMPRESS(".Z file", 0x1f, 0x9d, 0x90),
    LZMA(".lzma file", 0x5d, 0, 0, -1, -1, 0xff, 0xff, 0xff, 0xff);

    private final String what;
    private final int[] magic;

    Unreadable(String what, int... magic) {
      this.what = what;
      this.magic = magic;
    }
  }

  /** Most memory that unpacking .xz may take, in KiB: just enough for 64 MiB, the largest dictionary of xz's presets. */
  private static final int XZ_MEMORY_KIB = 66 << 10;

  private static final int LONGEST_MAGIC = 10;

  private final String suffix;
  private final int[] magic;

  Compression(String suffix, int... magic) {
    this.suffix = suffix;
    this.magic = magic;
  }

  /**
   * Looks at the stream's first bytes and resets it.
   *
   * @param in a stream with mark and reset
   * @param name the file's name, for errors
   * @throws DataException if the format cannot be read, or the name ends in .gz, say, and the content is not gzip
   */
  static Compression detect(InputStream in, String name) throws IOException {
    in.mark(LONGEST_MAGIC);
    byte[] head = in.readNBytes(LONGEST_MAGIC);
    in.reset();
    return detect(head, name);
  }

  /** Like {@link #detect(InputStream, String)}, from a file's first bytes. */
  public static Compression detect(byte[] head, String name) {
    for (Unreadable other : Unreadable.values()) {
      if (startsWith(head, other.magic)) {
        throw new DataException(name + " is a " + other.what + ", which cannot be read; expected plain text, .gz, .bz2, .xz, .zst or .zip");
      }
    }
    Compression found = Arrays.stream(values()).filter(c -> c != NONE && startsWith(head, c.magic)).findFirst().orElse(NONE);
    String lower = name.toLowerCase(Locale.ROOT);
    for (Compression claimed : values()) {
      if (claimed != NONE && found == NONE && lower.endsWith(claimed.suffix)) {
        throw new DataException(name + " is not a " + claimed.suffix.substring(1) + " file: "
            + (head.length == 0 ? "it is empty" : "it starts with other bytes"));
      }
    }
    return found;
  }

  /**
   * The unpacked content of a stream that may be compressed. Reading it throws an IOException if the data is cut short or a checksum is
   * wrong.
   *
   * @param in a stream with mark and reset
   * @throws DataException if it is a zip archive, which cannot be read reliably from front to back
   */
  public static InputStream unpack(InputStream in, String name) throws IOException {
    return detect(in, name).unpackStream(in, name);
  }

  boolean isZip() {
    return this == ZIP || this == ZIP_OF_NOTHING;
  }

  /** Enough for xz's presets, but no more than the heap has: an error beats running out of memory. */
  static int xzMemoryKib() {
    return (int) Math.min(XZ_MEMORY_KIB, Runtime.getRuntime().maxMemory() / 1024 * 3 / 4);
  }

  private static boolean startsWith(byte[] head, int[] magic) {
    if (head.length < magic.length) {
      return false;
    }
    for (int i = 0; i < magic.length; i++) {
      if (magic[i] >= 0 && magic[i] != (head[i] & 0xff)) {
        return false;
      }
    }
    return true;
  }

  InputStream unpackStream(InputStream in, String name) throws IOException {
    return switch (this) {
      case NONE -> in;
      case ZIP, ZIP_OF_NOTHING -> throw new DataException(name + " is a zip archive where none is expected");
      case GZIP -> new GzipCompressorInputStream(in, true);
      case BZIP2, BZIP2_OF_NOTHING -> new BZip2CompressorInputStream(in, true);
      case XZ -> new XZInputStream(in, xzMemoryKib());
      case ZSTD, ZSTD_SKIPPABLE -> zstd(in, name);
    };
  }

  private static InputStream zstd(InputStream in, String name) throws IOException {
    try {
      return new ZstdInputStream(in);
    } catch (LinkageError e) {
      String why = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new DataException(name + " cannot be unpacked: zstd's native library cannot be loaded here (" + why
          + "); -DZstdTempFolder=FOLDER names a folder with room for it, from which programs may be run", e);
    }
  }
}
