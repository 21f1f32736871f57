package org.tarflowlm.data.file;

import java.io.Closeable;
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
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.apache.commons.compress.archivers.zip.ZipMethod;
import org.tarflowlm.data.DataException;

/**
 * The files in a zip archive, as its central directory lists them: streamed, stored and zip64 members alike. The length and checksum of a
 * member are compared once it has been read.
 */
public final class ZipMembers implements Closeable {
  private static final Charset OLD_NAMES = Charset.isSupported("IBM437") ? Charset.forName("IBM437") : StandardCharsets.ISO_8859_1;

  private final String name;
  private final ZipFile zip;

  /**
   * Reads the central directory.
   *
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

  /** The user's files in the order of the archive, including several of one name; files that systems add beside them are left out. */
  public List<Member> members() {
    List<Member> members = new ArrayList<>();
    for (ZipArchiveEntry entry : Collections.list(zip.getEntriesInPhysicalOrder())) {
      Member member = new Member(nameOf(entry), entry);
      if (!entry.isDirectory() && !FileNames.isBeside(member.path())) {
        members.add(member);
      }
    }
    return members;
  }

  /** Names are UTF-8, even where an archive does not say so; names that are not valid UTF-8 are in code page 437, as in old archives. */
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

  /**
   * The only member, or the one with that path.
   *
   * @param path of the member; null for the only one
   * @throws DataException if there is none, or more than one
   */
  public Member member(String path) {
    List<Member> members = members();
    List<Member> found = members.stream().filter(member -> path == null || member.path().equals(path)).toList();
    if (members.isEmpty()) {
      throw new DataException(name + " holds no file");
    }
    if (found.size() != 1) {
      String what = path == null ? " has " + members.size() + " members" : found.isEmpty() ? " has no member \"" + path + "\""
          : " has " + found.size() + " members \"" + path + "\"";
      throw new DataException(name + what + "; expected " + name + "#NAME with NAME one of "
          + members.stream().limit(8).map(Member::path).collect(Collectors.joining(", ")));
    }
    return found.get(0);
  }

  /** A file in the archive. */
  public final class Member {
    private final String path;
    private final ZipArchiveEntry entry;

    private Member(String path, ZipArchiveEntry entry) {
      this.path = path;
      this.entry = entry;
    }

    public String path() {
      return path;
    }

    /** Unpacked length in bytes that the archive announces. */
    public long length() {
      return entry.getSize();
    }

    /**
     * The content; at its end, the stream throws an IOException if the length or checksum is wrong.
     *
     * @throws DataException if it is a link, or encrypted, or packed by a method that cannot be read
     */
    public InputStream open() throws IOException {
      if (entry.isUnixSymlink()) {
        throw new DataException(name + "#" + path + " is a link, without content of its own; pack the archive without zip --symlinks");
      }
      if (!zip.canReadEntryData(entry)) {
        ZipMethod method = ZipMethod.getMethodByCode(entry.getMethod());
        throw new DataException(name + "#" + path + (entry.getGeneralPurposeBit().usesEncryption() ? " is encrypted"
            : " is packed by method " + (method == null ? entry.getMethod() : method) + ", which cannot be read")
            + "; expected a member that is stored or deflated");
      }
      return new Whole(zip.getInputStream(entry), entry);
    }
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }

  /** Compares length and checksum at the end. */
  private static final class Whole extends CheckedInputStream {
    private final ZipArchiveEntry entry;
    private long count;

    Whole(InputStream in, ZipArchiveEntry entry) {
      super(in, new CRC32());
      this.entry = entry;
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
      if (n < 0 ? count != entry.getSize() : count > entry.getSize()) {
        throw new IOException("it has " + count + (n < 0 ? "" : " or more") + " bytes; the archive announces " + entry.getSize());
      }
      if (n < 0 && getChecksum().getValue() != entry.getCrc()) {
        throw new IOException("its checksum is wrong");
      }
      return n;
    }
  }
}
