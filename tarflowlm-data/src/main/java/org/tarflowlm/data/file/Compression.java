package org.tarflowlm.data.file;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.tarflowlm.data.DataException;
import org.tukaani.xz.XZInputStream;

/** How a file is compressed, told by its first bytes, and how to stream what is inside. */
public enum Compression {
  NONE(""),
  ZIP(".zip", 'P', 'K', 3, 4),
  GZIP(".gz", 0x1f, 0x8b),
  BZIP2(".bz2", 'B', 'Z', 'h', -1, '1', 'A', 'Y', '&', 'S', 'Y'),
  XZ(".xz", 0xfd, '7', 'z', 'X', 'Z', 0);

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
   * Looks at the stream's first bytes and puts them back.
   *
   * @param in a stream with mark and reset
   * @param name the file's name, for errors: a name ending in .gz whose content is not gzip is refused
   */
  static Compression detect(InputStream in, String name) throws IOException {
    in.mark(LONGEST_MAGIC);
    byte[] head = in.readNBytes(LONGEST_MAGIC);
    in.reset();
    return detect(head, name);
  }

  /** As {@link #detect(InputStream, String)}, from a file's first bytes. */
  public static Compression detect(byte[] head, String name) {
    Compression found = Arrays.stream(values()).filter(c -> c != NONE && c.matches(head)).findFirst().orElse(NONE);
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
   * The unpacked content of a stream that may be compressed; of a zip archive, its first file.
   *
   * @param in a stream with mark and reset
   */
  public static InputStream unpack(InputStream in, String name) throws IOException {
    return detect(in, name).unpack(in, name, null);
  }

  /** As much as is needed for xz's presets, but no more than the heap has: an error is better than running out of memory. */
  static int xzMemoryKib() {
    return (int) Math.min(XZ_MEMORY_KIB, Runtime.getRuntime().maxMemory() / 1024 * 3 / 4);
  }

  private boolean matches(byte[] head) {
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

  /**
   * The unpacked content. Truncation and wrong checksums are thrown as IOExceptions while reading.
   *
   * @param member which zip member; null for the first file in it
   */
  InputStream unpack(InputStream in, String name, String member) throws IOException {
    return switch (this) {
      case NONE -> in;
      case ZIP -> zipMember(in, name, member);
      case GZIP -> new GZIPInputStream(in, 1 << 16);
      case BZIP2 -> new BZip2CompressorInputStream(in, true);
      case XZ -> new XZInputStream(in, xzMemoryKib());
    };
  }

  private static InputStream zipMember(InputStream in, String name, String member) throws IOException {
    ZipInputStream zip = new ZipInputStream(in);
    for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
      if (!entry.isDirectory() && (member == null || entry.getName().equals(member))) {
        return zip;
      }
    }
    throw new DataException(name + " has no member" + (member == null ? "" : " \"" + member + "\""));
  }
}
