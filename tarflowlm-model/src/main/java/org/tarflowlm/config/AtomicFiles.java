package org.tarflowlm.config;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** Files and folders that appear whole or not at all: written beside their target, forced to disk, renamed. */
public final class AtomicFiles {
  private AtomicFiles() {}

  /** Something that writes itself to a path. */
  @FunctionalInterface
  public interface Writer {
    void writeTo(Path path) throws IOException;
  }

  /**
   * Writes text as UTF-8, replacing the file if it exists.
   *
   * @throws IOException if the folder cannot be made or written; an existing file is then unchanged
   */
  public static void write(Path file, String text) throws IOException {
    write(file, path -> Files.writeString(path, text, StandardCharsets.UTF_8));
  }

  /** As {@link #write(Path, String)}, for a writer that fills the file it is given. */
  public static void write(Path file, Writer writer) throws IOException {
    Path target = file.toAbsolutePath();
    Files.createDirectories(target.getParent());
    Path temporary = sibling(target);
    try {
      writer.writeTo(temporary);
      force(temporary, false);
      move(temporary, target);
      force(target.getParent(), true);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /**
   * Fills a new folder. Where a folder of that name exists it is moved aside first and deleted last, so that a crash leaves the old
   * one, the new one, or the old one under a name that ends in {@code .old}; never a mixture.
   *
   * @param writer fills the folder it is given; the folder exists and is empty
   * @throws IOException if a folder or a file of it cannot be written; an existing folder is then unchanged
   */
  public static void writeFolder(Path folder, Writer writer) throws IOException {
    Path target = folder.toAbsolutePath().normalize();
    Files.createDirectories(target.getParent());
    Path temporary = sibling(target);
    Path old = temporary.resolveSibling(temporary.getFileName() + ".old");
    Files.createDirectory(temporary);
    try {
      writer.writeTo(temporary);
      for (Path each : list(temporary)) {
        force(each, Files.isDirectory(each));
      }
      boolean replaces = Files.exists(target);
      if (replaces) {
        move(target, old);
      }
      try {
        move(temporary, target);
      } catch (IOException e) {
        if (replaces) {
          move(old, target);
        }
        throw e;
      }
      force(target.getParent(), true);
    } finally {
      deleteTree(temporary);
    }
    deleteTree(old);
  }

  private static Path sibling(Path target) {
    return target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID().toString().substring(0, 8) + ".part");
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static void force(Path path, boolean folder) throws IOException {
    try (FileChannel channel = FileChannel.open(path, folder ? StandardOpenOption.READ : StandardOpenOption.WRITE)) {
      channel.force(true);
    } catch (IOException e) {
      // Some systems cannot open a folder as a channel; its entries are then as durable as the system makes them.
      if (!folder) {
        throw e;
      }
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

  /** Writes all of a buffer. */
  public static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
