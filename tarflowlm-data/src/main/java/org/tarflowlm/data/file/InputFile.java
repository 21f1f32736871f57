package org.tarflowlm.data.file;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.tarflowlm.data.DataException;

/**
 * A file of text as it lies on disk: plain, or compressed as .zip, .gz, .bz2 or .xz (told by its first bytes). Reading streams;
 * nothing is unpacked to disk.
 *
 * @param path the file
 * @param member which member of a zip archive, or null for its only one
 */
public record InputFile(Path path, String member) {

  /** Reads {@code corpus.zip#member} or just {@code corpus.txt}; an existing file whose name holds a # is taken whole. */
  public static InputFile parse(String name) {
    int hash = name.lastIndexOf('#');
    if (hash <= 0 || Files.exists(Path.of(name))) {
      return of(Path.of(name));
    }
    return new InputFile(Path.of(name.substring(0, hash)), name.substring(hash + 1));
  }

  public static InputFile of(Path path) {
    return new InputFile(path, null);
  }

  /** Whether the bytes on disk are the text itself. */
  public boolean isPlain() {
    try (InputStream in = openRaw()) {
      return Compression.detect(in, path.toString()) == Compression.NONE;
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /**
   * The unpacked bytes. Damage met while reading is thrown as {@link IOException} of the unpacking stream.
   *
   * @throws DataException if there is no such file, or it is not what its name says, or the zip member is not clear
   */
  public InputStream open() {
    try {
      InputStream in = openRaw();
      try {
        Compression compression = Compression.detect(in, path.toString());
        return compression.unpack(in, path.toString(), compression == Compression.ZIP ? chooseMember() : null);
      } catch (IOException | RuntimeException e) {
        in.close();
        throw e;
      }
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private InputStream openRaw() throws IOException {
    if (!Files.exists(path)) {
      throw new DataException("file " + path + " does not exist");
    }
    if (!Files.isRegularFile(path)) {
      throw new DataException(path + " is not a file");
    }
    return new BufferedInputStream(Files.newInputStream(path), 1 << 16);
  }

  private String chooseMember() throws IOException {
    try (ZipFile zip = new ZipFile(path.toFile())) {
      List<String> names = zip.stream().filter(e -> !e.isDirectory()).map(ZipEntry::getName).toList();
      if (member != null ? !names.contains(member) : names.size() != 1) {
        throw new DataException(path + (member != null ? " has no member \"" + member + "\"" : " has " + names.size() + " members")
            + "; expected " + path + "#NAME with NAME one of " + String.join(", ", names.subList(0, Math.min(8, names.size()))));
      }
      return names.size() == 1 ? names.get(0) : member;
    } catch (ZipException e) {
      throw new DataException(path + " is not a complete zip archive: " + e.getMessage(), e);
    }
  }

  private DataException unreadable(IOException e) {
    return IoErrors.unreadable(this, e);
  }

  @Override
  public String toString() {
    return member == null ? path.toString() : path + "#" + member;
  }
}
