package org.tarflowlm.zoo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.data.text.Excerpt;
import org.tarflowlm.zoo.safetensors.DType;

/** The checkpoints that the artifact zoo-weights brings. To add one: put its folder beside index.json and its entry into it. */
class PackagedZooTest {
  private static final long MAX_BYTES = 60_000_000;
  /** The resources as files, also where the class path holds them as a jar. */
  private static final Path ZOO = Path.of("..", "zoo-weights", "src", "main", "resources", "org", "tarflowlm", "zoo");

  @Test
  void everyEntryIsWhatItsFolderHolds() throws Exception {
    assertNotNull(getClass().getClassLoader().getResource(ZooIndex.RESOURCE), "zoo-weights is on the class path of the tests");
    assertFalse(TarFlowZoo.list().isEmpty());
    for (ZooEntry entry : TarFlowZoo.list()) {
      ZooEntry actual = ZooEntry.describe(ZOO.resolve(entry.id()), entry.format(), entry.variant());
      assertEquals(actual.toJson(), entry.toJson(), "the index entry of " + entry.id());
      assertEquals(entry.format().tokenizerName(), TarFlowZoo.load(entry.id()).info().tokenizer());
    }
  }

  @Test
  void everyFolderIsInTheIndexAndAllAreSmall() throws Exception {
    List<Path> folders;
    try (var files = Files.list(ZOO)) {
      folders = files.filter(each -> Files.exists(each.resolve(Checkpoint.INFO))).toList();
    }

    assertEquals(Set.copyOf(folders.stream().map(each -> each.getFileName().toString()).toList()),
        Set.copyOf(TarFlowZoo.list().stream().map(ZooEntry::id).toList()));
    assertTrue(TarFlowZoo.list().stream().mapToLong(ZooEntry::bytes).sum() < MAX_BYTES, "all weights together");
  }

  @Test
  void halfTheBytesGiveTheSameLikelihood(@TempDir Path folder) throws Exception {
    for (ZooEntry entry : TarFlowZoo.list()) {
      Checkpoint checkpoint = TarFlowZoo.load(entry.id());
      double whole = bits(checkpoint);
      for (DType dtype : List.of(DType.F16, DType.BF16)) {
        Path half = folder.resolve(entry.id() + dtype);
        checkpoint.save(half, dtype, false);
        assertEquals(whole, bits(Checkpoint.load(half)), 0.001, entry.id() + " in " + dtype);
        long fullBytes = 4 * checkpoint.parameterCount();
        assertTrue(Files.size(half.resolve(Checkpoint.WEIGHTS)) < 0.51 * fullBytes, entry.id() + " in " + dtype);
      }
    }
  }

  private static double bits(Checkpoint checkpoint) {
    try (TarFlowLM model = TarFlowLM.of(checkpoint)) {
      return model.score(Excerpt.text(), ScoringOptions.defaults().withMaxCharacters(2048)).bitsPerCharacter();
    }
  }
}
