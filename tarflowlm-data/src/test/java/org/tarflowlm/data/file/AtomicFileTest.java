package org.tarflowlm.data.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FileOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AtomicFileTest {
  /** Linux gives no process a number this large. */
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

  /** This class loader does not know that the other one belongs to the same process. */
  private List<Exception> tenWriters(AtomicFile.Writer writer, boolean replace) throws InterruptedException {
    List<Exception> failures = Collections.synchronizedList(new ArrayList<>());
    List<Thread> writers = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      writers.add(new Thread(() -> {
        try {
          for (int turn = 0; turn < (replace ? 50 : 1); turn++) {
            if (replace) {
              AtomicFile.writeFolder(folder.resolve("best"), writer);
            } else {
              AtomicFile.writeNewFolder(folder.resolve("best"), writer);
            }
          }
        } catch (IOException e) {
          failures.add(e);
        }
      }));
    }
    writers.forEach(Thread::start);
    for (Thread each : writers) {
      each.join();
    }
    return failures;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void ofManyThatWriteOneFolderOneIsKeptWhole(boolean replace) throws Exception {
    List<Exception> failures = tenWriters(temporary -> {
      String mine = Thread.currentThread().getName();
      Files.writeString(temporary.resolve("weights"), mine);
      Files.writeString(temporary.resolve("config"), mine);
    }, replace);
    assertEquals(replace ? 0 : 9, failures.size(), failures.toString());
    assertTrue(failures.stream().allMatch(FileAlreadyExistsException.class::isInstance), failures.toString());
    assertEquals(Files.readString(folder.resolve("best/weights")), Files.readString(folder.resolve("best/config")));
    assertEquals(List.of("best"), names());
  }

  @Test
  void linksStayAndWhatIsNoFileIsRefused() throws IOException {
    Files.writeString(folder.resolve("a"), "old");
    Files.createSymbolicLink(folder.resolve("link"), Path.of("a"));
    AtomicFile.write(folder.resolve("link"), "new");
    assertTrue(Files.isSymbolicLink(folder.resolve("link")));
    assertEquals("new", Files.readString(folder.resolve("a")));
    Path socket = folder.resolve("socket"); // in place of /dev/stdout, which a rename would destroy
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket))) {
      for (Path other : List.of(socket, folder)) {
        IOException e = assertThrows(IOException.class, () -> AtomicFile.write(other, "text"));
        assertTrue(e.getMessage().contains(other + ": not a file"), e.getMessage());
      }
    }
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
