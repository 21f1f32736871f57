package org.tarflowlm.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.FaultyServer;
import org.tarflowlm.data.file.Progress;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.zoo.TarFlowZoo;

/** Loads checkpoints from archives on disk and on a server that misbehaves. */
class CheckpointSourcesTest {
  @TempDir
  private Path root;

  private Path zip;
  private byte[] bytes;
  private String hash;

  /** The other processes run this. Its argument is an address; a system property sets the cache folder. */
  public static void main(String[] args) {
    Checkpoint loaded = TarFlowZoo.resolve(args[0]);
    if (!loaded.tensors().equals(Fixtures.tiny().tensors())) {
      throw new IllegalStateException("other weights");
    }
  }

  @BeforeEach
  void pack() throws IOException {
    Fixtures.tiny().save(root.resolve("tiny"));
    zip = root.resolve("tiny.zip");
    zip(zip, "");
    bytes = Files.readAllBytes(zip);
    hash = Sha256.of(bytes);
  }

  private void zip(Path target, String... folders) throws IOException {
    try (OutputStream out = Files.newOutputStream(target); ZipOutputStream packed = new ZipOutputStream(out)) {
      for (String folder : folders) {
        for (String file : List.of("checkpoint.json", "config.json", "model.safetensors", "README.md")) {
          packed.putNextEntry(new ZipEntry(folder + file));
          Files.copy(root.resolve("tiny").resolve(file), packed);
          packed.closeEntry();
        }
      }
    }
  }

  private CacheFolder cache(boolean offline) {
    return new CacheFolder(root.resolve("cache"), offline);
  }

  private Path cached() {
    return root.resolve("cache/checkpoints").resolve(hash + ".zip");
  }

  private Checkpoint resolve(String model) {
    return TarFlowZoo.resolve(model, cache(false), Progress.NONE);
  }

  private void assertLoads(String model) {
    assertEquals(Fixtures.tiny().tensors(), resolve(model).tensors(), model);
  }

  private static void assertFails(String expected, Runnable action) {
    CheckpointException e = assertThrows(CheckpointException.class, action::run);
    assertTrue(e.getMessage().contains(expected), e::getMessage);
    assertFalse(e.getMessage().contains("\n"), e::getMessage);
  }

  private String at(FaultyServer server, String sha256) {
    return server.uri("/models/tiny.zip") + "#sha256=" + sha256;
  }

  @Test
  void archivesOnDisk() throws IOException {
    assertLoads(zip.toString());
    assertLoads(zip.toUri().toString());
    assertLoads(root.resolve("tiny").toUri().toString());
    assertLoads(zip + "#sha256=" + hash.toUpperCase());
    assertLoads(zip.toUri() + "#sha256=" + hash);
    Path nested = root.resolve("nested.jar");
    zip(nested, "org/mine/");
    assertLoads(nested.toString());
    assertLoads(nested + "!/org/mine");
    try (TarFlowLM model = TarFlowLM.load(zip)) {
      assertEquals(zip.toString(), model.name());
    }
    assertFalse(Files.exists(root.resolve("cache")), "files are read where they lie");
  }

  @Test
  void archivesThatAreNotClear() throws IOException {
    Path two = root.resolve("two.zip");
    zip(two, "a/", "b/");
    assertFails(two + " holds 2 checkpoints; expected " + two + "!/FOLDER with FOLDER one of a/, b/", () -> resolve(two.toString()));
    assertLoads(two + "!/b");
    assertFails(two + "!/c is not a checkpoint: checkpoint.json and config.json and model.safetensors are missing",
        () -> resolve(two + "!/c"));
    Path cut = Files.write(root.resolve("cut.zip"), Arrays.copyOf(bytes, bytes.length / 2));
    assertFails(cut + " is not a complete zip archive", () -> resolve(cut.toString()));
    Path text = Files.writeString(root.resolve("text.zip"), "no archive");
    assertFails(text + " is a file; expected a checkpoint folder, or a zip archive of one", () -> resolve(text.toString()));
    assertFails("/no/such.zip does not exist", () -> resolve("file:/no/such.zip"));
    assertFails("SHA-256 of " + zip + " is " + hash + "; expected " + "0".repeat(64), () -> resolve(zip + "#sha256=" + "0".repeat(64)));
    assertFails("is a folder, which has no SHA-256", () -> resolve(root.resolve("tiny") + "#sha256=" + hash));
    assertFails("ends with the hash 'abc' of 3 characters; expected 64 hexadecimal digits", () -> resolve(zip + "#sha256=abc"));
  }

  @Test
  void whatIsUnpackedHasLimits() throws IOException {
    Path bomb = root.resolve("bomb.zip");
    try (OutputStream out = Files.newOutputStream(bomb); ZipOutputStream packed = new ZipOutputStream(out)) {
      for (String file : List.of("checkpoint.json", "config.json")) {
        packed.putNextEntry(new ZipEntry(file));
        String text = Files.readString(root.resolve("tiny").resolve(file)).replaceAll(",\\s*\"weightsSha256\" : \"[0-9a-f]*\"", "");
        packed.write(text.getBytes(StandardCharsets.UTF_8));
      }
      packed.putNextEntry(new ZipEntry("model.safetensors"));
      byte[] zeros = new byte[1 << 20];
      for (int i = 0; i < 120; i++) {
        packed.write(zeros);
      }
    }
    assertTrue(Files.size(bomb) < 1 << 20);
    assertFails("there are more than 100032064 bytes; expected fewer for the configuration", () -> resolve(bomb.toString()));
  }

  /** Loading gives the very same weights, or throws one clean exception. */
  @Test
  void damagedArchivesAreReadOrRefusedCleanly() throws IOException {
    Path damaged = root.resolve("damaged.zip");
    Random random = new Random(5);
    int refused = 0;
    for (int i = 0; i < 240; i++) {
      byte[] some = i % 3 == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes.clone();
      if (i % 3 > 0) {
        // the zip's directory and local headers hold names and lengths
        int at = i % 3 == 1 ? some.length - 1 - random.nextInt(400) : random.nextInt(some.length);
        some[at] ^= (byte) (1 << random.nextInt(8));
      }
      Files.write(damaged, some);
      try {
        assertEquals(Fixtures.tiny().tensors(), Checkpoint.load(damaged).tensors());
      } catch (CheckpointException e) {
        assertFalse(e.getMessage().contains("\n"), e::getMessage);
        refused++;
      }
    }
    assertTrue(refused > 120, "refused " + refused);
  }

  @Test
  void fetchedOnceWithProgressAndThenOffline() throws IOException {
    try (FaultyServer server = new FaultyServer((request, out) -> FaultyServer.file(request, out, bytes))) {
      List<Long> done = new ArrayList<>();
      Checkpoint fetched = TarFlowZoo.resolve(at(server, hash), cache(false), (name, now, total) -> done.add(now));
      assertEquals(Fixtures.tiny().tensors(), fetched.tensors());
      assertEquals(bytes.length, done.get(done.size() - 1));
      assertArrayEquals(bytes, Files.readAllBytes(cached()));
      assertLoads(at(server, hash));
      assertEquals(1, server.requests().size());
      assertEquals(Fixtures.tiny().tensors(), TarFlowZoo.resolve(at(server, hash), cache(true), Progress.NONE).tensors());
    }
    assertEquals(Fixtures.tiny().tensors(), resolve("http://127.0.0.1:1/elsewhere.zip#sha256=" + hash).tensors(), "known by its hash");
  }

  @Test
  void offlineWithoutTheFileIsAnError() {
    assertFails("the offline switch (tarflowlm.offline) forbids fetching it from https://example.org/tiny.zip",
        () -> TarFlowZoo.resolve("https://example.org/tiny.zip#sha256=" + hash, cache(true), Progress.NONE));
  }

  @Test
  void withoutAHashNothingIsFetched() throws IOException {
    try (FaultyServer server = new FaultyServer((request, out) -> FaultyServer.file(request, out, bytes))) {
      String address = server.uri("/tiny.zip").toString();
      assertFails("'" + address + "' has no hash; expected " + address + "#sha256=HASH", () -> resolve(address));
      assertEquals(0, server.requests().size());
    }
    assertFails("is not an address", () -> resolve("https://exa mple/#sha256=" + hash));
  }

  @Test
  void wrongContentIsRefusedAndNothingStays() throws IOException {
    byte[] other = bytes.clone();
    other[other.length / 2] ^= 1;
    try (FaultyServer server = new FaultyServer((request, out) -> FaultyServer.file(request, out, other))) {
      assertFails("is " + Sha256.of(other) + "; expected " + hash + "; nothing was kept", () -> resolve(at(server, hash)));
      assertFalse(Files.exists(cached()));
    }
  }

  @Test
  void aCutDownloadGoesOn() throws IOException {
    try (FaultyServer server = new FaultyServer((request, out) -> {
      FaultyServer.headOf(request, out, bytes.length);
      int from = (int) Math.max(0, request.rangeStart());
      out.write(bytes, from, request.number() == 0 ? bytes.length / 2 : bytes.length - from);
    })) {
      assertLoads(at(server, hash));
      assertEquals(List.of(-1L, (long) (bytes.length / 2)), server.requests().stream().map(FaultyServer.Request::rangeStart).toList());
    }
  }

  @Test
  void aDamagedCacheIsFetchedAgainOrNamed() throws IOException {
    Files.createDirectories(cached().getParent());
    Files.write(cached(), new byte[7]);
    assertFails("SHA-256 of " + cached() + " is ",
        () -> TarFlowZoo.resolve("http://127.0.0.1:1/tiny.zip#sha256=" + hash, cache(true), Progress.NONE));
    try (FaultyServer server = new FaultyServer((request, out) -> FaultyServer.file(request, out, bytes))) {
      assertLoads(at(server, hash));
    }
  }

  @Test
  void aReadOnlyCacheServesWhatItHasAndIsNamedOtherwise() throws IOException {
    Files.createDirectories(cached().getParent());
    Files.write(cached(), bytes);
    Files.setPosixFilePermissions(cached().getParent(), PosixFilePermissions.fromString("r-xr-xr-x"));
    assertLoads("http://127.0.0.1:1/tiny.zip#sha256=" + hash);
    if (!Files.isWritable(cached().getParent())) { // root may write anywhere
      assertFails("cannot write", () -> resolve("http://127.0.0.1:1/tiny.zip#sha256=" + "1".repeat(64)));
    }
    Files.setPosixFilePermissions(cached().getParent(), PosixFilePermissions.fromString("rwxr-xr-x"));
    Path file = Files.writeString(root.resolve("file"), "");
    assertFails("choose a folder with the system property tarflowlm.cache or TARFLOWLM_CACHE",
        () -> TarFlowZoo.resolve("http://127.0.0.1:1/tiny.zip#sha256=" + hash, new CacheFolder(file, false), Progress.NONE));
  }

  @Test
  void twoProcessesFetchOnce() throws Exception {
    try (FaultyServer server = new FaultyServer((request, out) -> {
      Thread.sleep(1500);
      FaultyServer.file(request, out, bytes);
    })) {
      Process first = start(at(server, hash));
      Process second = start(at(server, hash));
      assertTrue(first.waitFor(60, TimeUnit.SECONDS) && second.waitFor(60, TimeUnit.SECONDS));
      assertEquals(0, first.exitValue());
      assertEquals(0, second.exitValue());
      assertEquals(1, server.requests().size());
    }
  }

  private Process start(String address) throws IOException {
    return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx64m", "-cp",
        System.getProperty("java.class.path"), "-Dtarflowlm.cache=" + root.resolve("cache"), CheckpointSourcesTest.class.getName(), address)
        .inheritIO().start();
  }
}
