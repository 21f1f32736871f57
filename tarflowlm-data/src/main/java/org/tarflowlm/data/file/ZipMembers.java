package org.tarflowlm.data.file;

import java.io.Closeable;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.zip.CRC32;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.apache.commons.compress.archivers.zip.ZipMethod;
import org.tarflowlm.data.DataException;

/**
 * The files in a zip archive, as its central directory lists them: streamed, stored and zip64 members alike. Lengths and
 * checksums are compared when a member has been read.
 */
public final class ZipMembers implements Closeable {
  private static final Charset OLD_NAMES = Charset.isSupported("IBM437") ? Charset.forName("IBM437") : StandardCharsets.ISO_8859_1;

  private final String name;
  private final ZipFile zip;

  /**
   * @param content of the archive; closed with this
   * @param name for messages
   * @throws DataException if it is not a complete zip archive
   */
  public ZipMembers(SeekableByteChannel content, String name) throws IOException {
    this.name = name;
    try {
      this.zip = new ZipFile(content, name, StandardCharsets.UTF_8.name(), true);
    } catch (IOException | RuntimeException e) {
      content.close();
      throw new DataException(name + " is not a complete zip archive: " + e.getMessage(), e);
    }
  }

  /** Names of the user's files, in the order of the archive; what systems put beside them is left out. */
  public List<String> names() {
    return entries().stream().map(ZipMembers::nameOf).filter(member -> !FileNames.isBeside(member)).toList();
  }

  private List<ZipArchiveEntry> entries() {
    List<ZipArchiveEntry> entries = new ArrayList<>(Collections.list(zip.getEntriesInPhysicalOrder()));
    entries.removeIf(entry -> entry.isDirectory() || entry.isUnixSymlink());
    return entries;
  }

  /** Names are UTF-8, also where an archive does not say so; where they are not, they are of the days of code page 437. */
  private static String nameOf(ZipArchiveEntry entry) {
    byte[] raw = entry.getRawName();
    if (raw == null || entry.getNameSource() == ZipArchiveEntry.NameSource.UNICODE_EXTRA_FIELD) {
      return entry.getName();
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw)).toString();
    } catch (CharacterCodingException e) {
      return new String(raw, OLD_NAMES);
    }
  }

  /** Length of a member as the archive announces it. */
  public long length(String member) {
    return entry(member).getSize();
  }

  private ZipArchiveEntry entry(String member) {
    return entries().stream().filter(entry -> nameOf(entry).equals(member)).findFirst().orElseThrow(() -> {
      List<String> names = names();
      return new DataException(name + " has no member \"" + member + "\"; expected " + name + "#NAME with NAME one of "
          + String.join(", ", names.subList(0, Math.min(8, names.size()))));
    });
  }

  /**
   * The content of a member; a wrong length or checksum is an IOException at its end.
   *
   * @throws DataException if there is none of that name, or it is encrypted, or packed in a way that cannot be read
   */
  public InputStream open(String member) throws IOException {
    ZipArchiveEntry entry = entry(member);
    if (!zip.canReadEntryData(entry)) {
      ZipMethod method = ZipMethod.getMethodByCode(entry.getMethod());
      throw new DataException(name + "#" + member + (entry.getGeneralPurposeBit().usesEncryption() ? " is encrypted"
          : " is packed by method " + (method == null ? entry.getMethod() : method) + ", which cannot be read")
          + "; expected a member that is stored or deflated");
    }
    return new Whole(zip.getInputStream(entry), entry.getSize(), entry.getCrc());
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }

  /** Compares length and checksum at the end. */
  private static final class Whole extends FilterInputStream {
    private final long length;
    private final long checksum;
    private final CRC32 crc = new CRC32();
    private long count;

    Whole(InputStream in, long length, long checksum) {
      super(in);
      this.length = length;
      this.checksum = checksum;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int wanted) throws IOException {
      int n = super.read(target, offset, wanted);
      count += Math.max(n, 0);
      crc.update(target, offset, Math.max(n, 0));
      if (n < 0 ? count != length : count > length) {
        throw new IOException("it has " + count + (n < 0 ? "" : " or more") + " bytes; the archive announces " + length);
      }
      if (n < 0 && crc.getValue() != checksum) {
        throw new IOException("its checksum is wrong");
      }
      return n;
    }

    @Override
    public long skip(long wanted) throws IOException {
      return read(new byte[(int) Math.min(wanted, 1 << 13)]);
    }
  }
}
