package org.tarflowlm.data.file;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/**
 * Writes files and folders so that a reader, or the next start after a crash, sees the old content or the new one, never a mixture. The
 * content goes beside the target under a temporary name, is forced to disk and renamed. The next write to a target removes what a killed
 * process left beside it. A failure names the target.
 */
public final class AtomicFile {
  /** How often to retry when another process interferes, which it does for an instant each time. */
  private static final int PLACINGS = 1_000;
  private static final Logger LOG = LogManager.getLogger(AtomicFile.class);

  private AtomicFile() {}

  /** Writes the content of a file. */
  @FunctionalInterface
  public interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /** Something that writes itself to a path. */
  @FunctionalInterface
  public interface Writer {
    void writeTo(Path path) throws IOException;
  }

  /** Replaces {@code target}; on any failure it stays as it was. */
  public static void write(Path target, Content content) throws IOException {
    writeFile(target, temporary -> {
      try (OutputStream out = new BufferedOutputStream(
          Channels.newOutputStream(FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)), 1 << 16)) {
        content.writeTo(out);
      }
    });
  }

  /** Writes text as UTF-8. */
  public static void write(Path target, String text) throws IOException {
    writeFile(target, temporary -> Files.writeString(temporary, text));
  }

  /** Like {@link #write(Path, Content)}, for a writer that creates the file itself. A link stays: the file it leads to is replaced. */
  public static void writeFile(Path target, Writer writer) throws IOException {
    Path file = prepared(Files.isSymbolicLink(target) && Files.exists(target) ? target.toRealPath() : target);
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new FileSystemException(file.toString(), null, "not a file that can be replaced");
    }
    Path temporary = temporary(file);
    try {
      writer.writeTo(temporary);
      force(temporary, false);
      move(temporary, file);
      force(file.getParent(), true);
    } catch (IOException e) {
      throw named(file, e);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /**
   * Fills a new folder. An existing folder of that name is moved aside first and deleted last. A crash then leaves the old folder, the new
   * one, or the old one aside, which the next call puts back. If several processes write one folder at the same time, the last one's is
   * kept.
   *
   * @param writer fills the folder it is given; the folder exists and is empty
   * @throws IOException if the folder or a file in it cannot be written; an existing folder is then unchanged
   */
  public static void writeFolder(Path target, Writer writer) throws IOException {
    writeFolder(target, writer, true);
  }

  /**
   * Like {@link #writeFolder}, but never replaces a folder: if several processes write one at the same time, the first one's is kept.
   *
   * @throws FileAlreadyExistsException if such a folder exists when this one is complete
   */
  public static void writeNewFolder(Path target, Writer writer) throws IOException {
    writeFolder(target, writer, false);
  }

  private static void writeFolder(Path target, Writer writer, boolean replace) throws IOException {
    Path folder = prepared(target);
    Path temporary = temporary(folder);
    Path old = temporary.resolveSibling(temporary.getFileName() + ".old");
    try {
      Files.createDirectory(temporary);
      writer.writeTo(temporary);
      for (Path each : list(temporary)) {
        force(each, Files.isDirectory(each));
      }
      place(temporary, folder, replace ? old : null);
      force(folder.getParent(), true);
      deleteTree(old);
    } catch (IOException e) {
      throw named(folder, e);
    } finally {
      deleteTree(temporary);
    }
  }

  /**
   * Renames a complete folder. Between any two steps another process may put its own there, or remove it.
   *
   * @param aside where an existing folder is moved to; null if it must stay
   */
  private static void place(Path complete, Path folder, Path aside) throws IOException {
    for (int attempt = 1;; attempt++) {
      boolean moved = aside != null && moveAside(folder, aside);
      try {
        move(complete, folder);
        return;
      } catch (IOException e) {
        if (moved) {
          putBack(aside, folder);
        }
        if (aside == null && Files.exists(folder)) {
          throw new FileAlreadyExistsException(folder.toString());
        }
        if (attempt == PLACINGS) {
          throw e;
        }
      }
    }
  }

  /** Moves the old folder back, unless another process has put its own there meanwhile, which may be gone again a moment later. */
  private static void putBack(Path aside, Path folder) throws IOException {
    for (int attempt = 1;; attempt++) {
      try {
        move(aside, folder);
        return;
      } catch (IOException e) {
        if (Files.exists(folder)) {
          deleteTree(aside);
          return;
        }
        if (attempt == PLACINGS) {
          throw e;
        }
      }
    }
  }

  private static boolean moveAside(Path folder, Path aside) throws IOException {
    try {
      move(folder, aside);
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Renames a complete file, already forced to disk, to its final name, replacing what is there, and forces the folder. */
  public static void moveIntoPlace(Path complete, Path target) throws IOException {
    move(complete, target);
    force(target.toAbsolutePath().getParent(), true);
  }

  /** Writes the whole buffer. */
  public static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** The absolute path of a target. Creates its folder and removes what dead processes left there. */
  private static Path prepared(Path target) throws IOException {
    Path file = target.toAbsolutePath().normalize();
    Path folder = file.getParent();
    Files.createDirectories(folder);
    Pattern ours = Pattern.compile(Pattern.quote("." + file.getFileName()) + "\\.(\\d{1,9})-[0-9a-f]{8}\\.part(\\.old)?");
    try (DirectoryStream<Path> beside = Files.newDirectoryStream(folder,
        each -> each.getFileName().toString().startsWith("." + file.getFileName() + "."))) {
      for (Path each : beside) {
        Matcher name = ours.matcher(each.getFileName().toString());
        if (name.matches() && ProcessHandle.of(Long.parseLong(name.group(1))).isEmpty()) {
          recover(each, name.group(2) != null, file);
        }
      }
    }
    return file;
  }

  private static void recover(Path left, boolean wasMovedAside, Path target) throws IOException {
    if (wasMovedAside && !Files.exists(target)) {
      LOG.info("{} was left by a killed process: restoring it", left);
      move(left, target);
    } else {
      LOG.info("{} was left by a killed process: removing it", left);
      deleteTree(left);
    }
  }

  private static Path temporary(Path target) {
    return target.resolveSibling("." + target.getFileName() + "." + ProcessHandle.current().pid() + "-"
        + UUID.randomUUID().toString().substring(0, 8) + ".part");
  }

  private static IOException named(Path target, IOException e) {
    if (e instanceof FileAlreadyExistsException) {
      return e;
    }
    boolean ofTemporary = e instanceof FileSystemException f && f.getFile() != null
        && f.getFile().contains("." + target.getFileName() + ".");
    return ofTemporary || e.getClass() == IOException.class ? new FileSystemException(target.toString(), null, IoErrors.reason(e)) : e;
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** Not every system can force a folder (Windows refuses to open one); the rename itself has already happened. */
  private static void force(Path path, boolean folder) throws IOException {
    try (FileChannel channel = FileChannel.open(path, folder ? StandardOpenOption.READ : StandardOpenOption.WRITE)) {
      channel.force(true);
    } catch (IOException e) {
      if (!folder) {
        throw e;
      }
      LOG.debug("cannot force {}: {}", path, e.getMessage());
    }
  }

  private static List<Path> list(Path root) throws IOException {
    try (Stream<Path> paths = Files.walk(root)) {
      return paths.sorted(Comparator.reverseOrder()).toList();
    }
  }

  private static void deleteTree(Path root) throws IOException {
    if (Files.exists(root)) {
      for (Path each : list(root)) {
        Files.delete(each);
      }
    }
  }
}
