package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.data.file.FileLocks;
import org.tarflowlm.train.Changes;
import org.tarflowlm.train.Experiment;
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
        + "\"config\": \"flow.json\"}, {\"name\": \"stages\", "
        + "\"label\": \"one by one\", \"config\": \"flow.json\", \"progressive\": true}]}");
    assertEquals(0, run("--rows", "ar,flow").code());
    String report = Files.readString(folder.resolve("report.md"));
    assertTrue(report.startsWith("# Kept\n") && report.contains("| joint |") && report.contains("| 1.23 | 1.000 |"), report);
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
  void theExperimentsOfThisProjectAreWellFormed() throws IOException {
    Path configs = Path.of("configs");
    Experiment.Texts none = new Experiment.Texts("", "", "");
    for (Path file : files("configs/experiment-*.json")) {
      ExperimentSpec spec = new Experiment(file, none, 1, folder, Changes.REFUSE).spec();
      spec.rows().forEach(row -> assertTrue(RunConfig.read(configs.resolve(row.config())).training().steps() > 0));
    }
  }

  private static List<Path> files(String glob) throws IOException {
    Path pattern = Path.of(glob);
    List<Path> result = new java.util.ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(pattern.getParent(), pattern.getFileName().toString())) {
      found.forEach(result::add);
    }
    return result;
  }

  @Test
  void aRowHasARunForEachSeed() throws IOException {
    write("text", TEXT);
    write("flow.json", config("TARFLOW"));
    write("ar.json", "{\"base\": \"flow.json\", \"model\": {\"model\": \"AUTOREGRESSIVE\"}}");
    write("spec.json", "{\"title\": \"Tiny\", \"baseline\": \"ar\", \"seeds\": [1, 7], \"rows\": [{\"name\": \"ar\", \"label\": \"twin\", "
        + "\"config\": \"ar.json\"}, {\"name\": \"flow\", \"label\": \"joint\", \"config\": \"flow.json\", \"seeds\": [3]}]}");
    JsonNode rows = run("--json").succeeds().json();
    assertEquals(List.of(1L, 7L, 3L), List.of(rows.get(0).get("seed").asLong(), rows.get(1).get("seed").asLong(),
        rows.get(2).get("seed").asLong()));
    double[] bits = {rows.get(0).get("bits").asDouble(), rows.get(1).get("bits").asDouble()};
    assertTrue(bits[0] != bits[1]);
    String report = Files.readString(folder.resolve("report.md"));
    assertTrue(report.contains(String.format(Locale.ROOT, "| 1, 7 | %.4f (%.4f to %.4f) |", (bits[0] + bits[1]) / 2,
        Math.min(bits[0], bits[1]), Math.max(bits[0], bits[1]))), report);
    assertTrue(report.contains("| joint | "), report);
    assertTrue(Files.exists(folder.resolve("out/flow-seed3/flows.png")));
    assertTrue(Files.exists(folder.resolve("out/ar-seed7/curves.png")));
  }

  /** Another thread holds a run's lock, in place of another process. */
  @Test
  void aRunInAnotherHandIsLeftAlone() throws Exception {
    write("text", TEXT);
    write("flow.json", config("TARFLOW"));
    write("spec.json", "{\"title\": \"Tiny\", \"rows\": [{\"name\": \"one\", \"label\": \"1\", \"config\": \"flow.json\"}, "
        + "{\"name\": \"two\", \"label\": \"2\", \"config\": \"flow.json\"}]}");
    Files.createDirectories(folder.resolve("out"));
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(1);
    CompletableFuture<Void> other = CompletableFuture.runAsync(() -> hold(folder.resolve("out/.one.lock"), held, done));
    held.await();
    JsonNode rows = run("--json").succeeds().json();
    done.countDown();
    other.get();
    assertEquals(1, rows.size());
    assertEquals("two", rows.get(0).get("name").asText());
    assertFalse(Files.exists(folder.resolve("out/one")));
  }

  private static void hold(Path lock, CountDownLatch held, CountDownLatch done) {
    try {
      FileLocks.holding(lock, () -> {
        held.countDown();
        try {
          return done.await(1, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
      });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aPublishedFigureNeedsTheFormOfThePapersModel() throws IOException {
    write("text", TEXT);
    write("flow.json", config("TARFLOW"));
    write("spec.json", "{\"title\": \"Tiny\", \"rows\": [{\"name\": \"flow\", \"label\": \"joint\", \"config\": \"flow.json\", "
        + "\"published\": 1.3}]}");
    run().fails(1, "row flow has a published figure; expected none, since the model of flow.json does not have the form of the paper's");
  }
}
