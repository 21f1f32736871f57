package org.tarflowlm.data.text;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.IoErrors;

/** The entries of one tar stream that matter here, within the limits. Nothing is written to disk. */
final class TarTexts {
  private final String name;
  private final TarArchiveInputStream tar;
  private final DocumentSource.Limits limits;
  private TarArchiveEntry entry;
  private long entries;

  TarTexts(InputStream in, String name, DocumentSource.Limits limits) {
    this.tar = new TarArchiveInputStream(in);
    this.name = name;
    this.limits = limits;
  }

  /** Goes on to the next text or archive; false at the end. Other entries are passed over. */
  boolean advance() {
    do {
      try {
        entry = tar.getNextTarEntry();
      } catch (IOException e) {
        throw IoErrors.unreadable(name, e);
      } catch (IllegalArgumentException e) {
        throw new DataException(name + " is not a tar archive: " + e.getMessage(), e);
      }
      if (entry == null) {
        return false;
      }
      check();
    } while (!entry.isFile() || !isText() && !isArchive());
    return true;
  }

  private void check() {
    if (!entry.isCheckSumOK()) {
      throw new DataException(name + " is not a tar archive, or is damaged: wrong checksum of entry " + (entries + 1));
    }
    if (++entries > limits.archiveEntries()) {
      throw new DataException(name + " has more than " + limits.archiveEntries() + " entries, the limit");
    }
    String path = entry.getName();
    if (path.startsWith("/") || path.contains("\\") || path.indexOf('\0') >= 0 || List.of(path.split("/")).contains("..")) {
      throw new DataException(name + " has an entry \"" + path + "\" that leads out of its folder");
    }
    if (entry.getSize() > limits.archiveBytes()) {
      throw new DataException(entryName() + " has " + entry.getSize() + " bytes; the limit is " + limits.archiveBytes());
    }
  }

  boolean isText() {
    return isText(entry.getName());
  }

  boolean isArchive() {
    return isArchive(entry.getName());
  }

  static boolean isText(String fileName) {
    return fileName.toLowerCase(Locale.ROOT).endsWith(".txt");
  }

  static boolean isArchive(String fileName) {
    return fileName.toLowerCase(Locale.ROOT).matches(".*\\.(tar|xz|tar\\.gz|tgz|tar\\.bz2)");
  }

  String entryName() {
    return name + "/" + entry.getName();
  }

  long size() {
    return entry.getSize();
  }

  /** Content of the current entry, which must be a text. */
  Document text() {
    if (size() > limits.documentBytes()) {
      throw new DataException(entryName() + " has " + size() + " bytes; the limit for a document is " + limits.documentBytes());
    }
    return new Document(entryName(), bytes());
  }

  /** Whole content of the current entry. */
  byte[] bytes() {
    try {
      byte[] bytes = tar.readNBytes((int) size());
      if (bytes.length < size()) {
        throw new DataException(entryName() + " ends after " + bytes.length + " of " + size() + " bytes");
      }
      return bytes;
    } catch (IOException e) {
      throw IoErrors.unreadable(entryName(), e);
    }
  }

  /** Content of the current entry as a stream. */
  InputStream stream() {
    return tar;
  }
}
