package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.config.RecordJson;
import org.tarflowlm.train.ExperimentSpec;
import org.tarflowlm.train.RunConfig;

class ExperimentCommandTest {
  private static final String TEXT = "there now is your insular city of the manhattoes belted round by wharves as indian isles ";
  private static final String FLOWS = "[{\"coupling\": \"MIX_D\", \"layers\": 1, \"mixtures\": 27, \"direction\": \"LEFT_TO_RIGHT\", "
      + "\"tied\": true}, {\"coupling\": \"AFFINE\", \"layers\": 1, \"mixtures\": 1, \"direction\": \"RIGHT_TO_LEFT\"}]";

  @TempDir
  private Path folder;

  private static String config(String model) {
    return "{\"model\": {\"model\": \"" + model + "\", \"vocabSize\": 27, \"contextLength\": 8, \"latentDim\": 2, \"width\": 8, "
        + "\"heads\": 2, \"flows\": " + FLOWS + "}, "
        + "\"training\": {\"steps\": 3, \"batchSize\": 2, \"validateEvery\": 1, \"validationWindows\": 2}}";
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private Cli run(String... more) {
    List<String> arguments = new java.util.ArrayList<>(List.of("experiment", "--spec", path("spec.json"), "--train", path("text"),
        "--valid", path("text"), "--test", path("text"), "--out", path("out"), "--samples", "3", "--report", path("report.md")));
    arguments.addAll(List.of(more));
    return Cli.run(arguments.toArray());
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  @Test
  void trainsScoresAndReportsEachRowOnce() throws IOException {
    write("text", TEXT);
    write("flow.json", config("TARFLOW"));
    write("ar.json", config("AUTOREGRESSIVE"));
    write("report.md", "# Kept\n");
    write("spec.json", "{\"title\": \"Tiny\", \"baseline\": \"ar\", \"rows\": [{\"name\": \"ar\", \"label\": \"twin\", "
        + "\"config\": \"ar.json\", \"published\": 1.23}, {\"name\": \"flow\", \"label\": \"joint\", "
        + "\"config\": \"flow.json\", \"published\": 1.30}, {\"name\": \"stages\", "
        + "\"label\": \"one by one\", \"config\": \"flow.json\", \"progressive\": true}]}");
    assertEquals(0, run("--rows", "ar,flow").code());
    String report = Files.readString(folder.resolve("report.md"));
    assertTrue(report.startsWith("# Kept\n") && report.contains("| joint |") && report.contains("| 1.057 |"), report);
    assertFalse(report.contains("one by one"));
    byte[] first = Files.readAllBytes(folder.resolve("out/flow/result.json"));
    Cli whole = run("--json");
    assertEquals(0, whole.code(), whole.err());
    assertTrue(whole.out().contains("\"name\" : \"stages\"") && whole.out().contains("\"samples\" : 3"), whole.out());
    assertEquals(new String(first), Files.readString(folder.resolve("out/flow/result.json")));
    report = Files.readString(folder.resolve("report.md"));
    assertEquals(report.indexOf("## Tiny"), report.lastIndexOf("## Tiny"));
    assertTrue(report.contains("one by one"));
  }

  @Test
  void namesTheRowsItKnows() throws IOException {
    write("text", TEXT);
    write("spec.json", "{\"title\": \"Tiny\", \"rows\": [{\"name\": \"ar\", \"label\": \"twin\", \"config\": \"ar.json\"}]}");
    Cli cli = run("--rows", "mixd");
    assertEquals(1, cli.code());
    assertTrue(cli.err().contains("no row mixd") && cli.err().contains("expected one of ar"), cli.err());
  }

  @Test
  void theExperimentsOfThisProjectAreWellFormed() {
    Path configs = Path.of("configs");
    for (String name : List.of("experiment-30m.json", "experiment-8m.json")) {
      ExperimentSpec spec = RecordJson.read(configs.resolve(name), ExperimentSpec.class);
      spec.rows().forEach(row -> assertTrue(RecordJson.read(configs.resolve(row.config()), RunConfig.class).training().steps() > 0));
    }
  }
}
