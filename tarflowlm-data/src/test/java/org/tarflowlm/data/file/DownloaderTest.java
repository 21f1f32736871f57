package org.tarflowlm.data.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.data.DataException;

class DownloaderTest {
  private static final Downloader.Settings QUICK =
      new Downloader.Settings(Duration.ofSeconds(20), Duration.ofSeconds(20), 3, Duration.ofMillis(5));
  private static final Downloader.Settings IMPATIENT =
      new Downloader.Settings(Duration.ofSeconds(20), Duration.ofMillis(600), 3, Duration.ofMillis(5));
  private static final byte[] CONTENT = new byte[300_000];
  private static final String HASH;

  static {
    new Random(1).nextBytes(CONTENT);
    HASH = Sha256.of(CONTENT);
  }

  @TempDir private Path folder;
  private Path target;

  @BeforeEach
  void chooseTarget() {
    target = folder.resolve("cache").resolve("file.bin");
  }

  private static RemoteFile remote(FaultyServer server) {
    return new RemoteFile(server.uri("/file.bin"), CONTENT.length, HASH);
  }

  private Path fetch(RemoteFile file) {
    return new Downloader(false, QUICK).fetch(file, target, Progress.NONE);
  }

  private void assertFetched() throws IOException {
    assertArrayEquals(CONTENT, Files.readAllBytes(target));
    assertFalse(Files.exists(part()));
  }

  /** Fails as said, leaving no target. */
  private void assertRefused(RemoteFile file, String... words) {
    String message = assertThrows(DataException.class, () -> fetch(file)).getMessage();
    for (String word : words) {
      assertTrue(message.contains(word), message);
    }
    assertEquals(1, message.lines().count(), message);
    assertFalse(Files.exists(target));
  }

  private Path part() {
    return target.resolveSibling("file.bin.part");
  }

  @Test
  void fetchesOnceAndShowsProgress() throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> FaultyServer.file(request, out, CONTENT))) {
      List<Long> done = new ArrayList<>();
      new Downloader(false, QUICK).fetch(remote(server), target, (name, bytes, total) -> {
        assertEquals("file.bin", name);
        assertEquals(CONTENT.length, total);
        done.add(bytes);
      });
      assertFetched();
      assertEquals(CONTENT.length, done.get(done.size() - 1));
      fetch(remote(server));
      assertEquals(1, server.requests().size());
    }
  }

  @Test
  void goesOnWhereTheServerCut() throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> {
      int from = (int) Math.max(0, request.rangeStart());
      FaultyServer.headOf(request, out, CONTENT.length);
      out.write(CONTENT, from, Math.min(100_000, CONTENT.length - from));
    })) {
      fetch(remote(server));
      assertFetched();
      assertEquals(List.of(-1L, 100_000L, 200_000L), server.requests().stream().map(FaultyServer.Request::rangeStart).toList());
    }
  }

  @Test
  void startsOverWhereRangesAreIgnored() throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> {
      FaultyServer.head(out, "200 OK", "Content-Length: " + CONTENT.length);
      out.write(CONTENT, 0, request.number() == 0 ? 120_000 : CONTENT.length);
    })) {
      fetch(remote(server));
      assertFetched();
      assertEquals(120_000, server.requests().get(1).rangeStart());
    }
  }

  @Test
  void triesAgainWhenStalled() throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> {
      int from = (int) Math.max(0, request.rangeStart());
      FaultyServer.headOf(request, out, CONTENT.length);
      out.write(CONTENT, from, request.number() == 0 ? 50_000 : CONTENT.length - from);
      out.flush();
      Thread.sleep(request.number() == 0 ? 5_000 : 0);
    })) {
      new Downloader(false, IMPATIENT).fetch(remote(server), target, Progress.NONE);
      assertFetched();
      assertTrue(server.requests().get(1).rangeStart() <= 50_000);
    }
  }

  @Test
  void givesUpOnAServerThatNeverSends() throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> Thread.sleep(10_000))) {
      String message = assertThrows(DataException.class,
          () -> new Downloader(false, IMPATIENT).fetch(remote(server), target, Progress.NONE)).getMessage();
      assertTrue(message.contains(server.uri("/file.bin") + ": no byte for 600 ms (3 attempts"), message);
      assertFalse(Files.exists(target));
    }
  }

  @Test
  void keepsThePartOfAServerThatAlwaysCutsAtTheSamePlace() throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> {
      if (request.number() < 3) {
        FaultyServer.headOf(request, out, CONTENT.length);
        out.write(CONTENT, 0, request.rangeStart() < 0 ? 70_000 : 0);
      } else {
        FaultyServer.file(request, out, CONTENT);
      }
    })) {
      assertRefused(remote(server), "cut after 70000 of 300000 bytes", "70000 bytes are kept");
      assertEquals(70_000, Files.size(part()));
      fetch(remote(server));
      assertFetched();
      assertEquals(70_000, server.requests().get(3).rangeStart());
    }
  }

  @Test
  void refusesAnotherLengthBeforeReadingIt() throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> FaultyServer.file(request, out, new byte[CONTENT.length - 1]))) {
      assertRefused(remote(server), "has 299999 bytes; expected 300000");
      assertFalse(Files.exists(part()));
    }
  }

  @Test
  void refusesTooManyBytesOfUnknownLength() throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> {
      FaultyServer.head(out, "200 OK");
      out.write(CONTENT);
      out.write(CONTENT);
    })) {
      assertRefused(remote(server), "more than the expected 300000 bytes");
      assertFalse(Files.exists(part()));
    }
  }

  @Test
  void refusesWrongContent() throws Exception {
    byte[] lie = CONTENT.clone();
    lie[123_456] ^= 1;
    try (FaultyServer server = new FaultyServer((request, out) -> FaultyServer.file(request, out, lie))) {
      assertRefused(remote(server), "SHA-256", Sha256.of(lie), "expected " + HASH, "nothing was kept");
      assertFalse(Files.exists(part()));
      assertEquals(1, server.requests().size());
    }
  }

  @Test
  void startsOverWhenAnOldPartWasOfAnotherFile() throws Exception {
    Files.createDirectories(part().getParent());
    Files.write(part(), new byte[90_000]);
    try (FaultyServer server = new FaultyServer((request, out) -> FaultyServer.file(request, out, CONTENT))) {
      fetch(remote(server));
      assertFetched();
      assertEquals(List.of(90_000L, -1L), server.requests().stream().map(FaultyServer.Request::rangeStart).toList());
    }
  }

  @Test
  void refusesAWrongRangeAndRecovers() throws Exception {
    Files.createDirectories(part().getParent());
    Files.write(part(), Arrays.copyOf(CONTENT, 1000));
    try (FaultyServer server = new FaultyServer((request, out) -> {
      if (request.number() == 0) {
        FaultyServer.head(out, "206 Partial Content", "Content-Length: 10", "Content-Range: bytes 5-14/300000");
      } else {
        FaultyServer.file(request, out, CONTENT);
      }
    })) {
      fetch(remote(server));
      assertFetched();
    }
  }

  @Test
  void faultsOfTheServerAreTriedAgainAndRefusalsAreNot() throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> {
      if (request.path().equals("/gone")) {
        FaultyServer.head(out, "404 Not Found", "Content-Length: 0");
      } else if (request.number() == 0) {
        FaultyServer.head(out, "503 Service Unavailable", "Content-Length: 0");
      } else {
        FaultyServer.file(request, out, CONTENT);
      }
    })) {
      fetch(remote(server));
      assertFetched();
      Files.delete(target);
      int before = server.requests().size();
      assertRefused(new RemoteFile(server.uri("/gone"), CONTENT.length, HASH), "/gone", "404 Not Found");
      assertEquals(before + 1, server.requests().size());
    }
  }

  @Test
  void followsRedirects() throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> {
      if (request.path().equals("/old")) {
        FaultyServer.head(out, "302 Found", "Location: /file.bin", "Content-Length: 0");
      } else if (request.path().equals("/loop")) {
        FaultyServer.head(out, "302 Found", "Location: /loop", "Content-Length: 0");
      } else if (request.path().equals("/away")) {
        FaultyServer.head(out, "302 Found", "Location: ftp://example.org/file.bin", "Content-Length: 0");
      } else {
        FaultyServer.file(request, out, CONTENT);
      }
    })) {
      fetch(new RemoteFile(server.uri("/old"), CONTENT.length, HASH));
      assertFetched();
      Files.delete(target);
      assertRefused(new RemoteFile(server.uri("/loop"), CONTENT.length, HASH), "redirects more than 5 times");
      assertRefused(new RemoteFile(server.uri("/away"), CONTENT.length, HASH), "ftp://example.org/file.bin");
    }
  }

  @Test
  void withoutAHashTheAnnouncedLengthStillCounts() throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> {
      FaultyServer.head(out, "200 OK", "Content-Length: " + CONTENT.length);
      out.write(CONTENT, 0, request.number() == 0 ? 1000 : CONTENT.length);
    })) {
      fetch(new RemoteFile(server.uri("/file.bin"), RemoteFile.UNKNOWN, null));
      assertFetched();
      assertEquals(-1, server.requests().get(1).rangeStart(), "nothing vouches that the rest is of the same file");
    }
  }

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
