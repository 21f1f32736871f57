package org.tarflowlm.data.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.data.DataException;

/** A file of random bytes to download, and checks of what a download leaves on the disk. */
abstract class DownloadTesting {
  static final Downloader.Settings QUICK =
      new Downloader.Settings(Duration.ofSeconds(20), Duration.ofSeconds(20), 3, Duration.ofMillis(5));
  static final Downloader.Settings IMPATIENT =
      new Downloader.Settings(Duration.ofSeconds(20), Duration.ofMillis(600), 3, Duration.ofMillis(5));
  static final byte[] CONTENT = new byte[300_000];
  static final String HASH;

  static {
    new Random(1).nextBytes(CONTENT);
    HASH = Sha256.of(CONTENT);
  }

  @TempDir Path folder;
  Path target;

  @BeforeEach
  void chooseTarget() {
    target = folder.resolve("cache").resolve("file.bin");
  }

  static RemoteFile remote(FaultyServer server) {
    return new RemoteFile(server.uri("/file.bin"), CONTENT.length, HASH);
  }

  final Path fetch(RemoteFile file) {
    return new Downloader(false, QUICK).fetch(file, target, Progress.NONE);
  }

  final void assertFetched() throws IOException {
    assertArrayEquals(CONTENT, Files.readAllBytes(target));
    assertFalse(Files.exists(part()));
  }

  /** Checks that a download fails with these words and leaves no target. */
  final void assertRefused(RemoteFile file, String... words) {
    String message = assertThrows(DataException.class, () -> fetch(file)).getMessage();
    for (String word : words) {
      assertTrue(message.contains(word), message);
    }
    assertEquals(1, message.lines().count(), message);
    assertFalse(Files.exists(target));
  }

  final Path part() {
    return target.resolveSibling("file.bin.part");
  }
}
