package org.tarflowlm.zoo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The checkpoints that the artifact zoo-weights brings. To add one: put its folder beside index.json and its entry into it. */
class PackagedZooTest {
  private static final long MAX_BYTES = 60_000_000;

  @Test
  void everyEntryIsWhatItsFolderHolds() throws Exception {
    URL index = getClass().getClassLoader().getResource(ZooIndex.RESOURCE);
    assertNotNull(index, "zoo-weights is on the class path of the tests");
    Path zoo = Path.of(index.toURI()).getParent();

    for (ZooEntry entry : TarFlowZoo.list()) {
      ZooEntry actual = ZooEntry.describe(zoo.resolve(entry.id()), entry.format(), entry.variant());
      assertEquals(actual.toJson(), entry.toJson(), "the index entry of " + entry.id());
      assertEquals(entry.format().tokenizerName(), TarFlowZoo.load(entry.id()).info().tokenizer());
    }
  }

  @Test
  void everyFolderIsInTheIndexAndAllAreSmall() throws Exception {
    Path zoo = Path.of(getClass().getClassLoader().getResource(ZooIndex.RESOURCE).toURI()).getParent();
    List<Path> folders;
    try (var files = Files.list(zoo)) {
      folders = files.filter(each -> Files.exists(each.resolve(Checkpoint.INFO))).toList();
    }

    assertEquals(Set.copyOf(folders.stream().map(each -> each.getFileName().toString()).toList()),
        Set.copyOf(TarFlowZoo.list().stream().map(ZooEntry::id).toList()));
    assertTrue(TarFlowZoo.list().stream().mapToLong(ZooEntry::bytes).sum() < MAX_BYTES, "all weights together");
  }
}
