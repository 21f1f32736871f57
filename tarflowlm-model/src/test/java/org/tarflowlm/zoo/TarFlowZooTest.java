package org.tarflowlm.zoo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointException;
import org.tarflowlm.checkpoint.CheckpointInfo;
import org.tarflowlm.checkpoint.Fixtures;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.Progress;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.json.RecordJson;

class TarFlowZooTest {
  @TempDir
  private Path root;

  private Path zoo;
  private ZooEntry entry;
  private URLClassLoader loader;

  @BeforeEach
  void makeZoo() throws IOException {
    zoo = root.resolve("org/tarflowlm/zoo");
    Fixtures.tiny().save(zoo.resolve("tiny"));
    entry = ZooEntry.describe(zoo.resolve("tiny"));
    Files.writeString(zoo.resolve("index.json"), RecordJson.write(new ZooIndex.Document(List.of(entry))));
    loader = new URLClassLoader(new URL[] {root.toUri().toURL()}, null);
  }

  @AfterEach
  void closeLoader() throws IOException {
    loader.close();
  }

  private ZooIndex index() {
    return new ZooIndex(loader);
  }

  private Checkpoint resolve(String model) {
    return TarFlowZoo.resolve(index(), model, new CacheFolder(root.resolve("cache"), true), Progress.NONE);
  }

  private static void assertFails(String expected, Runnable action) {
    CheckpointException e = assertThrows(CheckpointException.class, action::run);
    assertTrue(e.getMessage().contains(expected), e::getMessage);
    assertFalse(e.getMessage().contains("\n"), e::getMessage);
  }

  @Test
  void entriesSayWhatTheyAre() throws IOException {
    assertEquals(List.of(entry), index().entries());
    assertEquals(4007, entry.parameters());
    assertEquals(Fixtures.tiny().info().measurements().get(0), entry.measured());
    assertEquals(Sha256.of(zoo.resolve("tiny/model.safetensors")), entry.sha256());
    long bytes = 0;
    for (String name : List.of("checkpoint.json", "config.json", "model.safetensors", "README.md")) {
      bytes += Files.size(zoo.resolve("tiny").resolve(name));
    }
    assertEquals(bytes, entry.bytes());
  }

  @Test
  void idsAndFoldersAreResolved() throws IOException {
    assertEquals(Fixtures.tiny().tensors(), index().loader("tiny").load().tensors());
    assertEquals(Fixtures.tiny().tensors(), resolve("tiny").tensors());
    Path folder = root.resolve("elsewhere");
    Fixtures.tiny().save(folder);
    assertEquals(Fixtures.tiny().tensors(), resolve(folder.toString()).tensors());
  }

  @Test
  void unknownNamesListTheKnownOnes() throws IOException {
    assertFails("no checkpoint 'tyni' in the zoo; expected one of tiny", () -> index().loader("tyni").load());
    assertFails("'tinny' is neither a checkpoint of the zoo nor a folder (did you mean 'tiny'?); expected one of tiny",
        () -> resolve("tinny"));
    assertFails("'' is neither a checkpoint of the zoo nor a folder; expected one of tiny", () -> resolve(""));
    assertFails("neither", () -> resolve("a\0b"));
    Path file = Files.writeString(root.resolve("some.file"), "");
    assertFails(file + " is a file; expected a checkpoint folder", () -> resolve(file.toString()));
    try (URLClassLoader empty = new URLClassLoader(new URL[0], null)) {
      assertFails("no checkpoint 'tiny' in the zoo; the zoo is empty: put the artifact zoo-weights on the class path",
          () -> new ZooIndex(empty).loader("tiny").load());
    }
  }

  @Test
  void filesOtherThanTheIndexSaysAreRefused() throws IOException {
    Path config = zoo.resolve("tiny/config.json");
    String original = Files.readString(config);
    Files.writeString(config, original.replace("5.0", "6.0"));
    assertFails("classpath:org/tarflowlm/zoo/tiny/config.json has SHA-256 ", () -> index().loader("tiny").load());
    Files.writeString(config, original + " ");
    assertFails("config.json has more than " + original.length() + " bytes; expected " + original.length() + " by the zoo's index",
        () -> index().loader("tiny").load());
    Files.delete(config);
    assertFails("classpath:org/tarflowlm/zoo/tiny is not a checkpoint: config.json is missing", () -> index().loader("tiny").load());
  }

  @Test
  void damagedIndexesAreNamed() throws IOException {
    String json = Files.readString(zoo.resolve("index.json"));
    Files.writeString(zoo.resolve("index.json"), json.replace("\"TEXT8\"", "\"TEXT9\""));
    assertFails("index.json: checkpoints[0].format is \"TEXT9\"; expected one of TEXT8, ENWIK8, OPENWEBTEXT (did you mean 'TEXT8'?)",
        this::index);
    Files.writeString(zoo.resolve("index.json"), json.replace("\"id\" : \"tiny\"", "\"id\" : \"../../etc\""));
    assertFails("checkpoints[0].id is \"../../etc\"; expected lower-case letters", this::index);
    Files.writeString(zoo.resolve("index.json"), json.replace("\"model.safetensors\"", "\"m\""));
    assertFails("checkpoints[0].files.model.safetensors is missing", this::index);
    Files.writeString(zoo.resolve("index.json"), json.replace(entry.sha256(), "ABC"));
    assertFails("checkpoints[0].files.model.safetensors.sha256 is \"ABC\"", this::index);
  }

  @Test
  void checkpointsWithoutANameDoNotFitTheZoo() {
    Path folder = root.resolve("nameless");
    Fixtures.tiny().withInfo(CheckpointInfo.of("text8"), null).save(folder);
    assertFails("checkpoint.json: id is missing; a checkpoint of the zoo needs it",
        () -> ZooEntry.describe(folder));
  }
}
