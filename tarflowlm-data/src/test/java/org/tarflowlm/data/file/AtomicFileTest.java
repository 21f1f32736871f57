package org.tarflowlm.data.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
  /** Above the largest number that Linux gives a process. */
  private static final int DEAD = 99_999_999;

  @TempDir private Path folder;

  private List<String> names() throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void filesHaveTheModeThatTheSystemGives() throws IOException {
    AtomicFile.write(folder.resolve("ours"), "text");
    Files.writeString(folder.resolve("plain"), "text");
    assertEquals(Files.getPosixFilePermissions(folder.resolve("plain")), Files.getPosixFilePermissions(folder.resolve("ours")));
    assertEquals(List.of("ours", "plain"), names());
  }

  @Test
  void whatADeadProcessLeftGoesWithTheNextWrite() throws IOException {
    Files.writeString(folder.resolve(".a." + DEAD + "-0123abcd.part"), "half");
    String alive = ".a." + ProcessHandle.current().pid() + "-0123abcd.part";
    Files.writeString(folder.resolve(alive), "being written");
    Files.writeString(folder.resolve(".a.notes"), "of the user");
    AtomicFile.write(folder.resolve("a"), "whole");
    assertEquals(List.of(alive, ".a.notes", "a"), names());
  }

  @Test
  void aFolderThatADeadProcessMovedAsideComesBack() throws IOException {
    Path aside = Files.createDirectory(folder.resolve(".best." + DEAD + "-0123abcd.part.old"));
    Files.writeString(aside.resolve("weights"), "old");
    assertThrows(IOException.class, () -> AtomicFile.writeFolder(folder.resolve("best"), temporary -> {
      throw new IOException("no weights today");
    }));
    assertEquals("old", Files.readString(folder.resolve("best/weights")));
    assertEquals(List.of("best"), names());
  }

  @Test
  void aFullDiskIsNamedWithTheFile() {
    FileSystemException e = assertThrows(FileSystemException.class, () -> AtomicFile.writeFile(folder.resolve("a"), temporary -> {
      try (FileOutputStream full = new FileOutputStream("/dev/full")) {
        full.write(1);
      }
    }));
    assertTrue(e.getMessage().contains(folder.resolve("a") + ": No space left on device"), e.getMessage());
    assertFalse(Files.exists(folder.resolve("a")));
  }
}
