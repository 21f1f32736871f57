package org.tarflowlm.data.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tarflowlm.data.DataException;

/** Downloads from servers that cut, stall, lie and redirect. */
class DownloaderTest extends DownloadTesting {
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
      assertEquals(-1, server.requests().get(1).rangeStart(), "without a hash, the rest may be another file's");
    }
  }
}
