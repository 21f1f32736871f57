package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.tarflowlm.json.RecordJson;

/** The commands flows and flops: what each flow does, and what it costs. */
class FlowsCommandTest extends TinyModelFiles {
  @Test
  void theTableHasARowForTheCodebookAndOneForEachFlowAndTheLastHasTheBitsOfTheScore() throws IOException {
    Path plot = folder.resolve("plot.png");
    Cli shown = Cli.run("flows", "--model", flows, "--input", text, "--plot", plot).succeeds();
    String[] lines = shown.out().split("\\R");
    assertTrue(lines[2].matches("\\| codebook \\| \\d+\\.\\d{4} \\|  \\|  \\| .* ± .*"), shown.out());
    assertTrue(lines[3].matches(
        "\\| flow 0 \\(Mix-d, left to right\\) \\| \\d\\.\\d{4} \\| \\d+\\.\\d{4} \\| [\\d.]+ % \\| .*"), shown.out());
    assertTrue(lines[4].startsWith("| flow 1 (Mix-1, right to left) | "), shown.out());
    assertTrue(shown.out().contains("31 windows, 992 tokens"), shown.out());
    BufferedImage picture = ImageIO.read(plot.toFile());
    assertEquals(900, picture.getWidth());
    assertTrue(picture.getHeight() > 900);

    JsonNode account = Cli.run("flows", "--model", flows, "--input", text, "--plot", plot, "--json").succeeds().json();
    JsonNode score = Cli.run("score", "--model", flows, "--input", text, "--json", "--by-flow", "--max-chars", 992).succeeds().json();
    assertEquals(score.get("bitsPerCharacter").asDouble(), account.get("levels").get(2).get("bits").asDouble(), 1e-4);
    assertEquals(account.get("levels"), score.get("levels"));
  }

  @Test
  void scoreShowsTheSameTable() {
    String score = Cli.run("score", "--model", flows, "--input", text, "--by-flow").succeeds().out();
    assertTrue(score.startsWith("at most "), score);
    assertTrue(score.contains("| flow 1 (Mix-1, right to left) | "), score);
  }

  @Test
  void aDiscreteModelHasNoFlows() {
    Path plot = folder.resolve("never.png");
    Cli.run("flows", "--model", discrete, "--input", text, "--plot", plot).fails(1, "model is AUTOREGRESSIVE; expected TARFLOW");
    Cli.run("flows", "--model", flows, "--input", text, "--windows", 0).fails(2, "--windows is 0; expected at least 1");
    assertFalse(Files.exists(plot));
  }

  @Test
  void aRunLeavesPicturesOfItsCurvesAndFlows() throws IOException {
    Path config = Files.writeString(folder.resolve("run.json"), RecordJson.write(TinyModels.run(2)));
    Path run = folder.resolve("run");
    Cli.run("train", "--config", config, "--seed", 5, "--patience", 3, "--freeze", "codebook", "--train", text, "--valid", text,
        "--out", run).succeeds();
    assertEquals(900, ImageIO.read(run.resolve("curves.png").toFile()).getWidth());
    assertEquals(900, ImageIO.read(run.resolve("flows.png").toFile()).getWidth());
    JsonNode training = Cli.run("flops", "--config", run.resolve("run.json"), "--steps", 0, "--json").succeeds().json();
    assertEquals(2, training.get("parts").size());
    String asked = Files.readString(run.resolve("run.json")).replaceAll("\\s", "");
    assertTrue(asked.contains("\"seed\":5") && asked.contains("\"patience\":3") && asked.contains("\"frozen\":[\"codebook\"]"), asked);

    Path staged = folder.resolve("staged");
    Cli.run("train", "--config", config, "--progressive", "--train", text, "--valid", text, "--out", staged).succeeds();
    assertTrue(Files.exists(staged.resolve("stage1/curves.png")) && Files.exists(staged.resolve("stage2/flows.png")));
  }

  @Test
  void thePackagedCardSaysWhatEachFlowDoes() throws IOException {
    Path out = folder.resolve("packaged");
    Cli.run("zoo", "package", "--from", flows, "--id", "text8-test", "--description", "Test.", "--license", "CC0-1.0", "--corpus", "none",
        "--measure", "text=" + text, "--out", out).succeeds();
    String card = Files.readString(out.resolve("README.md"));
    assertTrue(card.contains("## What each flow does\n\nOn text:\n\n| after |"), card);
  }

  @Test
  void operationsAreCountedAndAStepIsTimed() {
    String counted = Cli.run("flops", "--model", flows, "--batch", 2, "--steps", 1).succeeds().out();
    assertTrue(counted.contains("| flow 0 (Mix-d, left to right) | "), counted);
    assertTrue(counted.matches(
        "(?s).*A training step of 2 windows: 0\\.\\d\\d GFLOP, [\\d.]+ ms here \\(median of 1\\), [\\d.]+ GFLOP/s\\.\\R"), counted);
    JsonNode twin = Cli.run("flops", "--model", discrete, "--steps", 0, "--json").succeeds().json();
    assertEquals(1.0, twin.get("ratio").asDouble());
    assertFalse(twin.has("stepMs"));
    Cli.run("flops", "--steps", 0).fails(2, "expected either --config or --model");
    Cli.run("flops", "--model", flows, "--batch", 0).fails(2, "--batch is 0; expected at least 1");
  }
}
