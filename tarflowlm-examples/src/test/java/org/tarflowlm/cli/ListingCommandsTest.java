package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tarflowlm.zoo.TarFlowZoo;
import org.tarflowlm.zoo.ZooEntry;

/** Prints the help and the zoo. */
class ListingCommandsTest {
  @ParameterizedTest
  @ValueSource(strings = {"", "demo", "score", "generate", "train", "zoo", "zoo list", "data", "data list", "data fetch", "data verify",
      "data stats", "bench", "example"})
  void everyCommandHasHelp(String command) {
    String help = Cli.run((Object[]) (command + " --help").strip().split(" ")).succeeds().out();
    assertTrue(help.startsWith("Usage: tarflowlm" + (command.isEmpty() ? "" : " " + command)), help);
  }

  @Test
  void versionNamesWhatItRunsOn() throws Exception {
    String pom = Files.readString(Path.of("..", "pom.xml"));
    String version = pom.replaceFirst("(?s).*?<version>(.*?)</version>.*", "$1");
    String dl4j = pom.replaceFirst("(?s).*<dl4j.version>(.*?)</dl4j.version>.*", "$1");
    List<String> lines = Cli.run("--version").succeeds().out().lines().toList();
    assertEquals("TarFlowLM " + version, lines.get(0));
    assertEquals("Deeplearning4j " + dl4j + ", built for cpu, backend CpuBackend", lines.get(1));
    assertTrue(lines.get(2).startsWith("Java " + System.getProperty("java.version")), lines.get(2));
  }

  @Test
  void zooListNamesEveryCheckpoint() {
    JsonNode checkpoints = Cli.run("zoo", "list", "--json").succeeds().json().get("checkpoints");
    List<ZooEntry> entries = TarFlowZoo.list();
    assertEquals(entries.size(), checkpoints.size());
    String text = Cli.run("zoo", "list").succeeds().out();
    for (int i = 0; i < entries.size(); i++) {
      assertEquals(entries.get(i).id(), checkpoints.get(i).get("id").asText());
      assertEquals(entries.get(i).sha256(), checkpoints.get(i).get("sha256").asText());
      assertTrue(text.contains(entries.get(i).id()) && text.contains(entries.get(i).sha256()), text);
    }
  }

  @Test
  void examplesAreListedAndThePageShowsThemInTheSameOrder() throws IOException {
    List<String> listed = Cli.run("example").succeeds().out().lines().map(line -> line.split(" ")[0]).toList();
    assertEquals(List.copyOf(ExampleCommand.EXAMPLES.keySet()), listed);
    Matcher row = Pattern.compile("^\\| `\\./tarflowlm example (\\w+)` \\|", Pattern.MULTILINE)
        .matcher(Files.readString(Path.of("..", "docs", "examples.md")));
    assertEquals(listed, row.results().map(each -> each.group(1)).toList());
    Cli.run("example", "ScoreTxt").fails(2, "'ScoreTxt'", "ScoreText");
    Cli.run("example", "TrainTiny", "many").fails(2, "TrainTiny [STEPS]", "\"many\"", "a number");
  }
}
