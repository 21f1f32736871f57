package org.tarflowlm.data.documents;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.utils.CloseShieldFilterInputStream;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.FileNames;
import org.tarflowlm.data.file.IoErrors;

/**
 * Documents of a tar archive: texts, JSON Lines, and archives of them, as in OpenWebText's published {@code openwebtext.tar.xz}. Nothing
 * is written to disk. The archive must end with its end mark, and nothing may follow the mark.
 */
final class TarDocuments extends MemberDocuments {
  private static final int RECORD = 512;
  private static final int FLAG_AT = 156;
  private static final byte MULTI_VOLUME = 'M';
  private static final byte VOLUME_LABEL = 'V';
  /** Flag of a folder in an incremental archive; its content is a list of names. */
  private static final byte DUMPED_FOLDER = 'D';

  private final String name;
  private final Guard guard;
  private final TarArchiveInputStream tar;
  private long entries;
  /** Stored bytes of the current entry, and where they begin. */
  private long stored;
  private long start;

  /** @param in content of the archive, unpacked; closed with this */
  TarDocuments(InputStream in, String name, DocumentOptions options, DocumentReport report, int depth) {
    super(options, report, depth);
    this.name = name;
    this.guard = new Guard(in, name);
    this.tar = new TarArchiveInputStream(guard, RECORD, RECORD, StandardCharsets.UTF_8.name());
  }

  @Override
  Member nextMember() {
    return IoErrors.reading(name, this::find);
  }

  private Member find() throws IOException {
    for (TarArchiveEntry entry = nextEntry(); entry != null; entry = nextEntry()) {
      String path = entry.getName();
      requireInside(name, path);
      String full = name + "/" + path;
      if (entry.getRealSize() > options.limits().archiveBytes()) {
        throw new DataException(full + " has " + entry.getRealSize() + " bytes; the limit is " + options.limits().archiveBytes());
      }
      if (FileNames.isBeside(path) || entry.isDirectory() || guard.flag == VOLUME_LABEL) {
        continue;
      }
      if (MemberKind.ofMember(path) == MemberKind.OTHER) {
        report.other(full);
        continue;
      }
      requireContent(entry, guard.flag, full);
      return new Member(full, entry.getRealSize(), () -> new CloseShieldFilterInputStream(tar)); // the next entries need the stream
    }
    return null;
  }

  private TarArchiveEntry nextEntry() throws IOException {
    TarArchiveEntry entry;
    try {
      guard.allow(Math.max(0, (stored + RECORD - 1) / RECORD * RECORD - (guard.count - start)));
      entry = tar.getNextTarEntry();
      guard.allow(Long.MAX_VALUE / 2);
    } catch (IllegalArgumentException | ArithmeticException | IndexOutOfBoundsException | NegativeArraySizeException e) {
      throw new DataException(name + " is not a tar archive, or is damaged: " + e.getMessage(), e);
    }
    if (entry == null) {
      requireEnd();
      return null;
    }
    if (!entry.isCheckSumOK()) {
      throw new DataException(name + " is not a tar archive, or is damaged: wrong checksum of entry " + (entries + 1));
    }
    if (++entries > options.limits().archiveEntries()) {
      throw new DataException(name + " has more than " + options.limits().archiveEntries() + " entries, the limit");
    }
    stored = entry.getSize();
    start = guard.count;
    if (guard.flag == DUMPED_FOLDER && entry.isDirectory()) {
      guard.skipNBytes((stored + RECORD - 1) / RECORD * RECORD); // The library assumes that folders are empty.
    }
    return entry;
  }

  /**
   * A tar archive ends with records of zeros. Without this check, an archive that was cut, or joined to another, would silently lose
   * documents.
   */
  private void requireEnd() throws IOException {
    if (guard.zeros < RECORD) {
      throw new DataException(name + (entries == 0 ? " is not a tar archive: it holds no entry"
          : " ends without the end mark of a tar archive"));
    }
    byte[] rest = new byte[1 << 13];
    for (int n = guard.read(rest); n >= 0; n = guard.read(rest)) {
      if (guard.zeros < n) {
        throw new DataException(name + " continues after the end mark of its tar archive; expected one archive in the file");
      }
    }
  }

  /** Rejects entries without content of their own; a link has none in an archive, while in a folder it would be followed. */
  private static void requireContent(TarArchiveEntry entry, byte flag, String full) {
    if (entry.isLink() || entry.isSymbolicLink()) {
      throw new DataException(full + " is a link to " + entry.getLinkName() + ", without content of its own; pack the archive with "
          + "tar --dereference --hard-dereference");
    }
    if (flag == MULTI_VOLUME) {
      throw new DataException(full + " is the rest of a file that begins in another volume; expected an archive of one volume");
    }
    if (entry.isFIFO() || entry.isBlockDevice() || entry.isCharacterDevice()) {
      throw new DataException(full + " is not a file, but a device or pipe");
    }
  }

  @Override
  public void close() throws IOException {
    super.close();
    guard.close();
  }

  /** Counts bytes, limits the headers before an entry, which hold names of any length, and tracks how many zeros came last. */
  private static final class Guard extends LimitedInputStream {
    /** Enough for the longest names and attributes of a file system. */
    private static final int LONGEST_HEADER = 1 << 20;

    private long zeros;
    /** Type flag of the entry whose header was read last. */
    private byte flag;

    Guard(InputStream in, String name) {
      super(in, Long.MAX_VALUE, name + " has an entry whose header is longer than " + LONGEST_HEADER + " bytes, the limit");
    }

    /** Call before headers are read, with the bytes of the previous entry that are still to be skipped. */
    void allow(long content) {
      limit = count + content + LONGEST_HEADER;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int n = super.read(target, offset, length);
      if (n > 0) {
        int trailing = 0;
        while (trailing < n && target[offset + n - 1 - trailing] == 0) {
          trailing++;
        }
        flag = n == RECORD ? target[offset + FLAG_AT] : flag;
        zeros = trailing == n ? zeros + n : trailing;
      }
      return n;
    }

    @Override
    public long skip(long n) throws IOException {
      zeros = 0;
      return super.skip(n);
    }
  }
}
