package org.tarflowlm.data.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tarflowlm.data.DataException;

/** Servers announce one thing and do another; every fetch ends, with a message of one line. */
class LyingServerTest {
  private static final String HASH = "0".repeat(64);
  private static final Downloader.Settings LIMITED = new Downloader.Settings(Duration.ofSeconds(20), Duration.ofSeconds(20), 4,
      Duration.ofMillis(1), Duration.ofMillis(1500), 1 << 20);

  @TempDir private Path folder;

  private String failure(FaultyServer server, Downloader.Settings settings) {
    RemoteFile file = new RemoteFile(server.uri("/file.bin"), RemoteFile.UNKNOWN, HASH);
    String message = assertThrows(DataException.class,
        () -> new Downloader(false, settings).fetch(file, folder.resolve("file.bin"), Progress.NONE)).getMessage();
    assertEquals(1, message.lines().count(), message);
    return message;
  }

  private boolean partIsKept() {
    return Files.exists(folder.resolve("file.bin.part"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bytes 3-7/8", "bytes 99999999999999999999-7/8", "bytes 10-14/99999999999999999999", "nonsense"})
  void rangesThatWereNotAsked(String range) throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> {
      boolean first = request.rangeStart() < 0;
      FaultyServer.head(out, first ? "200 OK" : "206 Partial Content", first ? "Content-Length: 1000" : "Content-Range: " + range);
      out.write(new byte[first ? 10 : 5]);
    })) {
      assertTrue(failure(server, LIMITED).contains("attempts"));
      assertTrue(server.requests().size() <= 8, server.requests().size() + " requests");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"99999999999999999999", "-5", "ten"})
  void lengthsThatAreNoNumbers(String length) throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> {
      FaultyServer.head(out, "200 OK", "Content-Length: " + length);
      out.write(new byte[10]);
    })) {
      String message = failure(server, LIMITED);
      assertTrue(message.contains("\"" + length + "\"") && message.contains("4 attempts"), message);
    }
  }

  @Test
  void aBodyWithoutEndMeetsALimit() throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> {
      FaultyServer.head(out, "200 OK");
      while (true) {
        out.write(new byte[1 << 16]);
      }
    })) {
      String message = failure(server, LIMITED);
      assertTrue(message.contains("sends more than 1048576 bytes"), message);
      assertFalse(partIsKept());
    }
  }

  @Test
  void aFileThatComesByteByByteMeetsALimit() throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> {
      FaultyServer.head(out, "200 OK", "Content-Length: 1000000");
      while (true) {
        out.write(1);
        out.flush();
        Thread.sleep(20);
      }
    })) {
      String message = failure(server, LIMITED);
      assertTrue(message.contains("incomplete after 1 s, the limit"), message);
      assertTrue(partIsKept());
    }
  }

  @Test
  void addressesThatAreNone() throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> FaultyServer.head(out, "302 Found", "Location: http://[nowhere/ a b"))) {
      assertTrue(failure(server, LIMITED).contains("which is not an address"));
    }
  }
}
