package org.tarflowlm.data.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.tarflowlm.data.DataException;

/** Checks what a download does to the disk: its target, its part, a full disk, two callers at once. */
class DownloaderFilesTest extends DownloadTesting {
  @Test
  void takesFileAddresses() throws Exception {
    Path source = Files.write(folder.resolve("source.bin"), CONTENT);
    fetch(new RemoteFile(source.toUri(), CONTENT.length, HASH));
    assertFetched();
    Files.delete(target);
    assertRefused(new RemoteFile(folder.resolve("none").toUri(), CONTENT.length, HASH), "none", "no such file");
  }

  @Test
  void offlineTakesWhatIsThere() throws Exception {
    Downloader offline = new Downloader(true, QUICK);
    RemoteFile file = new RemoteFile(folder.resolve("source.bin").toUri(), CONTENT.length, HASH);
    String message = assertThrows(DataException.class, () -> offline.fetch(file, target, Progress.NONE)).getMessage();
    assertTrue(message.contains(target.toString()) && message.contains("tarflowlm.offline"), message);
    Files.createDirectories(target.getParent());
    Files.write(target, CONTENT);
    assertEquals(target, offline.fetch(file, target, Progress.NONE));
  }

  @Test
  void replacesATargetOfTheWrongLength() throws Exception {
    Files.createDirectories(target.getParent());
    Files.write(target, new byte[7]);
    try (FaultyServer server = new FaultyServer((request, out) -> FaultyServer.file(request, out, CONTENT))) {
      fetch(remote(server));
      assertFetched();
    }
  }

  @Test
  void twoThreadsFetchOnce() throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> {
      Thread.sleep(100);
      FaultyServer.file(request, out, CONTENT);
    })) {
      List<CompletableFuture<Path>> both = List.of(CompletableFuture.supplyAsync(() -> fetch(remote(server))),
          CompletableFuture.supplyAsync(() -> fetch(remote(server))));
      for (CompletableFuture<Path> one : both) {
        one.get(20, TimeUnit.SECONDS);
      }
      assertFetched();
      assertEquals(1, server.requests().size());
    }
  }

  @Test
  void aFullDiskIsNamed() throws Exception {
    Files.createDirectories(target.getParent());
    Files.createSymbolicLink(part(), Path.of("/dev/full"));
    try (FaultyServer server = new FaultyServer((request, out) -> FaultyServer.file(request, out, CONTENT))) {
      assertRefused(remote(server), "cannot write", "No space left on device");
      assertEquals(1, server.requests().size());
    }
  }

  @Test
  void tooLittleRoomIsSeenBefore() throws Exception {
    long huge = 1L << 60;
    try (FaultyServer server = new FaultyServer((request, out) -> FaultyServer.head(out, "200 OK", "Content-Length: " + huge))) {
      assertRefused(new RemoteFile(server.uri("/file.bin"), huge, HASH), "no room", "it needs " + huge);
    }
  }

  @Test
  void aCacheThatCannotBeWrittenIsNamed() throws Exception {
    Files.createFile(folder.resolve("cache"));
    assertRefused(new RemoteFile(folder.resolve("x").toUri(), 1, HASH), "cannot write", "cache", "TARFLOWLM_CACHE");
  }

  @Test
  void checkNamesFoundAndExpected() throws Exception {
    RemoteFile file = new RemoteFile(folder.resolve("source.bin").toUri(), CONTENT.length, HASH);
    Path path = Files.write(folder.resolve("copy"), CONTENT);
    Downloader.check(file, path);
    byte[] wrong = CONTENT.clone();
    wrong[0]++;
    Files.write(path, wrong);
    String message = assertThrows(DataException.class, () -> Downloader.check(file, path)).getMessage();
    assertTrue(message.contains(Sha256.of(wrong)) && message.contains(HASH), message);
    Files.write(path, new byte[3]);
    message = assertThrows(DataException.class, () -> Downloader.check(file, path)).getMessage();
    assertTrue(message.contains("has 3 bytes; expected 300000"), message);
  }

  @Test
  void badRemoteFilesAreRefused() {
    assertThrows(DataException.class, () -> new RemoteFile(URI.create("ftp://x/y"), 1, HASH));
    assertThrows(DataException.class, () -> new RemoteFile(URI.create("http://x/y"), -2, HASH));
    assertThrows(DataException.class, () -> new RemoteFile(URI.create("http://x/y"), 1, "abc"));
  }
}
