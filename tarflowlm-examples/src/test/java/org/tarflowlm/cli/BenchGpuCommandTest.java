package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs bench gpu with the CPU in the GPU's place. */
class BenchGpuCommandTest {
  @TempDir
  private Path folder;

  /** If this fails after a change of the composed graph, record the file beside OpDigests anew: {@code ./tarflowlm bench gpu --record}. */
  @Test
  void checksTrainsScoresAndWrites() throws IOException {
    Path report = folder.resolve("gpu.json");
    Cli.run("bench", "gpu", "--steps", 30, "--batch", 4, "--seq", 32, "--width", 32, "--out", report).succeeds();
    JsonNode found = new ObjectMapper().readTree(report.toFile());
    assertEquals(0, found.get("opsThatDiffer").size());
    assertTrue(found.get("opsChecked").asInt() > 500, found.toString());
    assertTrue(found.get("lossLastTen").asDouble() < found.get("lossFirstTen").asDouble(), found.toString());
    assertTrue(found.get("bitsPerCharacter").asDouble() < 8, found.toString());
    assertEquals(16, found.get("text").asText().length());
    assertTrue(found.get("medianMillisecondsPerStep").asDouble() > 0 && found.get("workingMemoryMb").asDouble() > 0, found.toString());
  }

  @Test
  void refusesTooFewSteps() {
    Cli.run("bench", "gpu", "--steps", 5).fails(2, "--steps is 5; expected at least 20");
  }
}
