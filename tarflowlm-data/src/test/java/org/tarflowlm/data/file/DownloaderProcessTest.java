package org.tarflowlm.data.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two processes download at once; one process is killed while it downloads. */
class DownloaderProcessTest {
  private static final byte[] CONTENT = new byte[2_000_000];

  static {
    new Random(2).nextBytes(CONTENT);
  }

  @TempDir private Path folder;

  /** The other processes run this. Its arguments: address, length, hash, target. */
  public static void main(String[] args) {
    new Downloader(false).fetch(new RemoteFile(URI.create(args[0]), Long.parseLong(args[1]), args[2]), Path.of(args[3]), Progress.NONE);
  }

  private Process start(FaultyServer server, Path target) throws IOException {
    return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx64m", "-cp",
        System.getProperty("java.class.path"), DownloaderProcessTest.class.getName(), server.uri("/file").toString(),
        String.valueOf(CONTENT.length), Sha256.of(CONTENT), target.toString()).inheritIO().start();
  }

  @Test
  void twoProcessesFetchOnce() throws Exception {
    Path target = folder.resolve("file");
    CountDownLatch bothStarted = new CountDownLatch(1);
    try (FaultyServer server = new FaultyServer((request, out) -> {
      bothStarted.await(10, TimeUnit.SECONDS);
      Thread.sleep(700);
      FaultyServer.file(request, out, CONTENT);
    })) {
      Process a = start(server, target);
      Process b = start(server, target);
      bothStarted.countDown();
      assertTrue(a.waitFor(60, TimeUnit.SECONDS) && b.waitFor(60, TimeUnit.SECONDS));
      assertEquals(0, a.exitValue());
      assertEquals(0, b.exitValue());
      assertArrayEquals(CONTENT, Files.readAllBytes(target));
      assertEquals(1, server.requests().size());
    }
  }

  @Test
  void aKilledProcessIsContinued() throws Exception {
    Path target = folder.resolve("file");
    CountDownLatch killed = new CountDownLatch(1);
    try (FaultyServer server = new FaultyServer((request, out) -> {
      if (request.number() == 0) {
        FaultyServer.headOf(request, out, CONTENT.length);
        out.write(CONTENT, 0, 1_000_000);
        out.flush();
        killed.await(30, TimeUnit.SECONDS);
      } else {
        FaultyServer.file(request, out, CONTENT);
      }
    })) {
      Process process = start(server, target);
      Path part = folder.resolve("file.part");
      for (int i = 0; i < 600 && (!Files.exists(part) || Files.size(part) < 500_000); i++) {
        Thread.sleep(50);
      }
      process.destroyForcibly().waitFor();
      killed.countDown();
      assertFalse(Files.exists(target));
      long kept = Files.size(part);
      new Downloader(false).fetch(new RemoteFile(server.uri("/file"), CONTENT.length, Sha256.of(CONTENT)), target, Progress.NONE);
      assertArrayEquals(CONTENT, Files.readAllBytes(target));
      assertEquals(kept, server.requests().get(1).rangeStart());
    }
  }
}
