package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.config.ModelType;

/** Runs bench all, compare, scaling and step on the smallest inputs that they take. */
class BenchSuiteCommandsTest {
  @TempDir
  private static Path folder;

  private static Path model;

  @BeforeAll
  static void makeModel() {
    model = folder.resolve("model");
    TinyModels.checkpoint(ModelType.TARFLOW).save(model);
  }

  private static Cli all(String topics, Object... more) {
    Object[] arguments = {"bench", "all", "--only", topics, "--models", model, "--seconds", "0.01", "--turns", 2};
    return Cli.run(Stream.concat(Arrays.stream(arguments), Arrays.stream(more)).toArray());
  }

  @Test
  void allWritesAFileThatCompareTakes() throws IOException {
    Path file = folder.resolve("figures.json");
    String table = all("generate,SCORE", "--json", file).succeeds().out();
    JsonNode found = new ObjectMapper().readTree(file.toFile());
    List<String> names = found.get("figures").findValuesAsText("name");
    assertEquals(List.of(model + ", 1 x 32 tokens, sequential", model + ", 1 x 32 tokens, auto", model + ", 8 x 32 tokens, sequential",
        model + ", 64 x 32 tokens, sequential", model + ", first of 4 tokens after 32 characters",
        model + ", scoring 4096 characters", model + ", scoring 64 texts of 40 to 800 characters",
        model + ", forward pass of 16 windows"), names);
    names.forEach(name -> assertTrue(table.contains("| " + name + " | "), table));
    assertTrue(found.get("complete").asBoolean());
    assertTrue(found.at("/circumstances/coreType").isTextual() && found.at("/circumstances/loadAverage").isNumber(), found.toString());
    JsonNode same = Cli.run("bench", "compare", file, file, "--json").succeeds().json();
    assertEquals(names.size(), same.get("lines").size());
    same.get("lines").forEach(line -> assertEquals("1.0 ", line.get("ratio").asText() + " " + line.get("beyondTheSpread").asText()));
    assertTrue(Cli.run("bench", "compare", file, file).succeeds().out().contains(" | 1.000 |  |"));
  }

  @Test
  void startAndMemoryAreThoseOfOtherProcesses() {
    JsonNode figures = all("start,memory", "--json").succeeds().json().get("figures");
    assertEquals(List.of("s", "MB", "MB", "MB"), figures.findValuesAsText("unit"));
    figures.forEach(each -> assertTrue(each.get("least").asDouble() > 0, each.toString()));
  }

  @Test
  void scalingMakesTableAndPlot() throws IOException {
    Path plot = folder.resolve("scaling.png");
    Object[] sizes = {"bench", "scaling", "--widths", "8,16", "--layers", 1, "--windows", 8, "--vocabs", 9, "--heads", 2, "--batch", 1,
        "--axis", "width", "--minutes", "0.001", "--peer", "echo {width}"};
    List<Object> words = new ArrayList<>(List.of(sizes));
    words.addAll(List.of("--peer-name", "echo", "--plot", plot));
    String table = Cli.run(words.toArray()).succeeds().out();
    assertTrue(table.contains("| width | parameters | step, ms | forward, ms | echo, ms | ours / echo |"), table);
    assertTrue(table.contains(" | 16.0 (16.0 to 16.0) | "), table);
    assertEquals(900, ImageIO.read(plot.toFile()).getWidth());
    words.add("--json");
    JsonNode rows = Cli.run(words.toArray()).succeeds().json().get("rows");
    assertEquals(List.of("8", "16"), rows.findValuesAsText("size"));
    assertEquals(8, rows.get(0).at("/figures/peerMs/median").asDouble());
  }

  @Test
  void stepSaysWhatComputesTheMatrixProducts() {
    Object[] step = {"bench", "step", "--batch", 1, "--seq", 8, "--width", 16, "--layers", 1, "--heads", 2, "--steps", 2, "--vocab", 40,
        "--peer", "echo {vocab}"};
    String text = Cli.run(step).succeeds().out();
    assertTrue(text.contains("  peer 40.0 ms\n"), text);
    assertTrue(text.lines().anyMatch(line -> line.matches("matrix products by \\S+( \\S+)?, core type \\S+")), text);
    List<Object> words = new ArrayList<>(List.of(step));
    words.add("--json");
    JsonNode found = Cli.run(words.toArray()).succeeds().json();
    assertTrue(found.get("library").isTextual() && found.get("coreType").isTextual(), found.toString());
  }

  @Test
  void badInput() throws IOException {
    Cli.run("bench").fails(2, "a command is missing; expected one of all, compare, scaling, ");
    Cli.run("bench", "all", "--only", "speed").fails(2, "'speed'", "STEP");
    Cli.run("bench", "all", "--turns", 0).fails(2, "--turns is 0; expected at least 1");
    Cli.run("bench", "all", "--seconds", 0).fails(2, "--seconds is 0.0; expected a number above 0");
    Cli.run("bench", "all", "--json", folder).fails(2, "--json is the folder " + folder + "; expected a file");
    Cli.run("bench", "all", "--models", "nothing").fails(1, "'nothing' is neither a checkpoint of the zoo nor a folder");
    Cli.run("bench", "scaling", "--axis", "depth").fails(2, "'depth'", "WIDTH");
    Cli.run("bench", "scaling", "--rounds", 1).fails(2, "--rounds is 1; expected at least 2");
    Cli.run("bench", "scaling", "--minutes", 0).fails(2, "--minutes is 0.0; expected a number above 0");
    Cli.run("bench", "scaling", "--widths", "128,0").fails(2, "a size of WIDTH is 0; expected at least 1");
    Cli.run("bench", "scaling", "--widths", "128,130").fails(1, "width is 130, not divisible by heads 4");
    Cli.run("bench", "scaling", "--batch", 100_000, "--windows", "1024,2048").fails(1, "100000 windows of 1,024 tokens", " GB are free");
    Cli.run("bench", "scaling", "--axis", "width,layers", "--peer", "echo {width}")
        .fails(2, "--peer has no {layers}, which the axis LAYERS varies");
    Cli.run("bench", "step", "--steps", 0).fails(2, "--steps is 0; expected at least 1");
    Path missing = folder.resolve("missing.json");
    Cli.run("bench", "compare", missing, missing).fails(1, missing + ": no such file");
    Cli.run("bench", "compare", missing).fails(2, "NEW");
    String expected = "; expected the figures that ./tarflowlm bench all --json FILE writes, of the kind \"tarflowlm bench all\"";
    compare("[1]").fails(1, "other.json: is an array" + expected);
    compare("{\"loss\": 1}").fails(1, "other.json: is an object without the key kind" + expected);
    compare("{\"kind\": \"run\"}").fails(1, "other.json: is an object of the kind \"run\"" + expected);
    compare("{\"kind\": \"tarflowlm bench all\", \"version\": 9, \"complete\": true}").fails(1, "other.json: circumstances is missing");
    compare("{").fails(1, "other.json: not valid JSON at line 1");
    assertFalse(Files.exists(missing));
  }

  private static Cli compare(String other) throws IOException {
    Path file = Files.writeString(folder.resolve("other.json"), other);
    return Cli.run("bench", "compare", file, file);
  }
}
