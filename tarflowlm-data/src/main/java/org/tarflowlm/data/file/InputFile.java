package org.tarflowlm.data.file;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.tarflowlm.data.DataException;

/**
 * A text file as stored on disk: plain, or compressed as .zip, .gz, .bz2, .xz or .zst (detected from its first bytes). Reading streams;
 * nothing is unpacked to disk.
 *
 * @param path the file
 * @param member which member of a zip archive, or null for its only one
 */
public record InputFile(Path path, String member) {
  private static final byte[] LFS_POINTER = "version https://git-lfs.github.com/spec/".getBytes(StandardCharsets.US_ASCII);
  private static final int BUFFER = 1 << 16;

  /**
   * Parses {@code corpus.zip#member} or just {@code corpus.txt}; if a file with the whole name exists, the # is part of its name.
   *
   * @throws DataException if the name is not a valid file name
   */
  public static InputFile parse(String name) {
    try {
      Path whole = Path.of(name);
      for (int hash = name.indexOf('#'); hash > 0 && !Files.exists(whole); hash = name.indexOf('#', hash + 1)) {
        Path archive = Path.of(name.substring(0, hash));
        if (Files.isRegularFile(archive) || name.indexOf('#', hash + 1) < 0) {
          return new InputFile(archive, name.substring(hash + 1));
        }
      }
      return of(whole);
    } catch (InvalidPathException e) {
      throw new DataException("\"" + name + "\" cannot be the name of a file: " + e.getReason(), e);
    }
  }

  /** The file itself, or the only member if it is a zip archive. */
  public static InputFile of(Path path) {
    return new InputFile(path, null);
  }

  /** Whether the bytes on disk are the text itself, uncompressed. */
  public boolean isPlain() {
    return compression() == Compression.NONE && member == null;
  }

  /** Whether this is a zip archive of several files and no member is named. */
  public boolean isZipOfSeveral() {
    return member == null && compression().isZip() && members().size() > 1;
  }

  private Compression compression() {
    return IoErrors.reading(this, () -> {
      try (InputStream in = openRaw()) {
        return Compression.detect(in, path.toString());
      }
    });
  }

  /** The members of a zip archive. */
  public ZipMembers openZip() {
    return IoErrors.reading(this, () -> new ZipMembers(Files.newByteChannel(path), path.toString()));
  }

  private List<ZipMembers.Member> members() {
    return IoErrors.reading(this, () -> {
      try (ZipMembers zip = openZip()) {
        return zip.members();
      }
    });
  }

  /** The name of what {@link #open} reads: the file's or the archive member's. */
  public String contentName() {
    if (member != null) {
      return member;
    }
    List<ZipMembers.Member> members = compression().isZip() ? members() : List.of();
    return members.size() == 1 ? members.get(0).path() : path.getFileName().toString();
  }

  /**
   * The unpacked bytes. If the data turns out to be damaged while it is read, the stream throws an {@link IOException}.
   *
   * @throws DataException if there is no such file, or its content does not match its name, or the zip member is ambiguous
   */
  public InputStream open() {
    return IoErrors.reading(this, () -> {
      InputStream in = openRaw();
      try {
        Compression compression = Compression.detect(in, path.toString());
        if (compression.isZip()) {
          in.close();
          return openMember();
        }
        if (member != null) {
          throw new DataException(this + ": " + path + " is not a zip archive, and only zip archives have members");
        }
        return compression.unpackStream(in, path.toString());
      } catch (IOException | RuntimeException e) {
        in.close();
        throw e;
      }
    });
  }

  private InputStream openMember() throws IOException {
    ZipMembers zip = openZip();
    try {
      ZipMembers.Member chosen = zip.member(member);
      InputStream content = Compression.unpack(new BufferedInputStream(chosen.open(), BUFFER), path + "#" + chosen.path());
      return new FilterInputStream(content) {
        @Override
        public void close() throws IOException {
          super.close();
          zip.close();
        }
      };
    } catch (IOException | RuntimeException e) {
      zip.close();
      throw e;
    }
  }

  private InputStream openRaw() throws IOException {
    if (!Files.exists(path)) {
      throw new DataException(Files.isSymbolicLink(path) ? path + " is a link to " + Files.readSymbolicLink(path) + ", which does not exist"
          : "file " + path + " does not exist");
    }
    if (!Files.isRegularFile(path)) {
      throw new DataException(path + " is not a file");
    }
    InputStream in = new BufferedInputStream(Files.newInputStream(path), BUFFER);
    in.mark(LFS_POINTER.length);
    byte[] head = in.readNBytes(LFS_POINTER.length);
    in.reset();
    try {
      requireContent(head, path);
      return in;
    } catch (DataException e) {
      in.close();
      throw e;
    }
  }

  /**
   * Git LFS leaves a pointer of three lines in place of a file that was not fetched.
   *
   * @param head the first bytes of a file, or all of them
   * @throws DataException if this is such a pointer
   */
  public static void requireContent(byte[] head, Object name) {
    if (head.length >= LFS_POINTER.length && Arrays.equals(head, 0, LFS_POINTER.length, LFS_POINTER, 0, LFS_POINTER.length)) {
      throw new DataException(name + " is a pointer of Git LFS, not the file itself; git lfs pull fetches it");
    }
  }

  @Override
  public String toString() {
    return member == null ? path.toString() : path + "#" + member;
  }
}
