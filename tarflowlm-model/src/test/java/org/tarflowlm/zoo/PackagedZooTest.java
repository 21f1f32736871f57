package org.tarflowlm.zoo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.safetensors.DType;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.data.documents.Excerpt;

/** The checkpoints in the artifact zoo-weights. To add one, put its folder beside index.json and its entry into it. */
class PackagedZooTest {
  private static final long MAX_BYTES = 60_000_000;
  /** The resources as files, even if the class path holds them as a jar. */
  private static final Path ZOO = Path.of("..", "zoo-weights", "src", "main", "resources", "org", "tarflowlm", "zoo");

  @Test
  void everyEntryIsWhatItsFolderHolds() throws Exception {
    assertNotNull(getClass().getClassLoader().getResource(ZooIndex.RESOURCE), "zoo-weights is on the class path of the tests");
    assertFalse(TarFlowZoo.list().isEmpty());
    assertTrue(TarFlowZoo.list().stream().allMatch(entry -> TarFlowZoo.has(entry.id())));
    assertFalse(TarFlowZoo.has("nothing"));
    for (ZooEntry entry : TarFlowZoo.list()) {
      ZooEntry actual = ZooEntry.describe(ZOO.resolve(entry.id()));
      assertEquals(actual.toJson(), entry.toJson(), "the index entry of " + entry.id());
      Checkpoint checkpoint = TarFlowZoo.load(entry.id());
      assertEquals(entry.format().tokenizerName(), checkpoint.info().tokenizer());
      String written = checkpoint.withInfo(checkpoint.info(), "").card();
      assertTrue(checkpoint.card().startsWith(written), "the card of " + entry.id() + " begins with " + written);
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
      double whole = bits(checkpoint, 1024);
      for (DType dtype : List.of(DType.F16, DType.BF16)) {
        Path half = folder.resolve(entry.id() + dtype);
        checkpoint.save(half, dtype, false);
        double lost = Math.abs(bits(Checkpoint.load(half), 1024) - whole);
        double allowed = dtype == DType.BF16 && carriesCodebook(checkpoint) ? 0.02 : 0.001;
        assertTrue(lost < allowed, entry.id() + " in " + dtype + ": " + lost);
        long fullBytes = 4 * checkpoint.parameterCount();
        assertTrue(Files.size(half.resolve(Checkpoint.WEIGHTS)) < 0.51 * fullBytes, entry.id() + " in " + dtype);
      }
    }
  }

  /** A masked head that starts at the codebook subtracts large numbers; BF16 has too few bits for those. */
  private static boolean carriesCodebook(Checkpoint checkpoint) {
    int tokens = checkpoint.config().vocabSize();
    return checkpoint.config().flows().stream().anyMatch(flow -> flow.coupling() == Coupling.MIX_1 && flow.mixtures() == tokens);
  }

  /** A model with its network and activations. Eight that stay open would take much more. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void closedModelsGiveTheirMemoryBack() throws Exception {
    ZooEntry smallest = TarFlowZoo.list().stream().min(Comparator.comparing(ZooEntry::parameters)).orElseThrow();
    long after = 0;
    for (int i = 0; i < 12; i++) {
      bits(TarFlowZoo.load(smallest.id()), 256);
      if (i == 3) {
        after = residentMegabytes();
      }
    }
    // Java's collector finds what nobody closed, such as the checkpoints; its native memory may be freed a little later
    long grown = residentMegabytes() - after;
    for (int i = 0; i < 20 && grown >= 80; i++) {
      Thread.sleep(100);
      grown = residentMegabytes() - after;
    }
    assertTrue(grown < 80, "grown by " + grown + " MB");
  }

  private static long residentMegabytes() throws IOException {
    System.gc();
    return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]) * 4096 >> 20;
  }

  private static double bits(Checkpoint checkpoint, int characters) {
    try (TarFlowLM model = TarFlowLM.of(checkpoint)) {
      return model.score(Excerpt.text(), ScoringOptions.defaults().withMaxCharacters(characters)).bitsPerCharacter();
    }
  }
}
