package org.tarflowlm.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenSequences;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.RecordJson;
import org.tarflowlm.train.Changes;
import org.tarflowlm.train.RunConfig;
import org.tarflowlm.train.TrainingSpec;
import org.tarflowlm.train.TrainingWorker;

/** Runs on a file system that is not this machine's own. */
@ExtendWith(Cluster.class)
class RunStoreTest {
  private static final int STEPS = 80;

  @TempDir private Path folder;

  private static RunConfig config() {
    return new RunConfig("text8", Cluster.tinyConfig(),
        TrainingSpec.of(STEPS).withBatchSize(2).withSeed(5L).withValidation(8, 4).withCheckpointEvery(4).withLogEvery(2));
  }

  private String shared(String name) {
    return "shared://" + folder.resolve(name);
  }

  private RunStore store() throws IOException {
    return RunStore.of(shared("run"), Cluster.SPARK.sparkContext().hadoopConfiguration());
  }

  /** Shards, training text and run are all on the shared file system; the second driver has nothing of the first but that. */
  @Test
  void aKilledDriverIsReplacedByAnotherThatGoesOnToTheSameBits() throws Exception {
    Files.writeString(folder.resolve("text.txt"), "call me ishmael some years ago never mind how long precisely ".repeat(20).strip());
    new SparkTokenizer(Cluster.SPARK, "text8", DocumentOptions.DEFAULT, shared("shards")).files(shared("text.txt"), 1);
    Files.writeString(folder.resolve("run.json"), RecordJson.write(config()));
    Process driver = driver("train", "--config", folder.resolve("run.json").toString(), "--train", shared("shards"), "--valid",
        shared("shards"), "--out", shared("run"), "--workers", "2", "--round", "1", "--master", "local[2]", "--conf",
        "spark.hadoop.fs.shared.impl=" + SharedFileSystem.class.getName(), "--conf", "spark.ui.enabled=false");
    ComputationGraph expected = meanOfTwo();
    waitForCheckpoint(driver, 8);
    driver.destroyForcibly().waitFor();
    assertFalse(Files.exists(folder.resolve("run/step-000000" + STEPS)), "killed before its end");
    SparkTrainer second = SparkTrainer.resume(Cluster.SPARK, config(), shared("shards"), shared("shards"), shared("run"),
        SparkTrainer.Plan.of(2, 1), Changes.REFUSE);
    assertTrue(second.run(() -> false).finished());
    assertArrayEquals(expected.params().dup('c').data().asFloat(), second.network().params().dup('c').data().asFloat());
    Path last = folder.resolve("run/step-000000" + STEPS);
    assertEquals(STEPS / 2, Files.readAllLines(last.resolve("progress.jsonl")).size());
    assertEquals(Cluster.tinyConfig(), Checkpoint.load(last.resolve("best")).config());
    try (Stream<Path> left = Files.list(folder.resolve("run"))) {
      assertEquals(List.of("step-00000076", "step-00000080"), left.map(each -> each.getFileName().toString())
          .filter(each -> !each.endsWith(".crc") && !each.startsWith("_")).sorted().toList());
    }
  }

  /** What two workers come to, averaged after each update, without Spark. */
  private ComputationGraph meanOfTwo() {
    List<TrainingWorker> workers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      workers.add(new TrainingWorker(config(), TokenSequences.open(folder.resolve("shards").toString(), Tokenizers.byName("text8")), i, 2));
    }
    NetworkState state = NetworkState.of(workers.get(0).network(), List.of(), 0);
    for (int step = 0; step < STEPS; step++) {
      List<NetworkState> taken = new ArrayList<>();
      for (TrainingWorker each : workers) {
        state.into(each.network(), step);
        taken.add(NetworkState.of(each.network(), each.take(each.network(), step, 1), 0));
      }
      state = NetworkState.mean(taken);
    }
    state.into(workers.get(0).network(), STEPS);
    return workers.get(0).network();
  }

  /** A driver in a process of its own. */
  private Process driver(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx600m",
        "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(each -> each.startsWith("--add-opens")).forEach(command::add);
    command.addAll(List.of("-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        "org.tarflowlm.spark.Main"));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve("driver.log").toFile()).start();
  }

  private void waitForCheckpoint(Process driver, int step) throws Exception {
    while (Files.notExists(folder.resolve("run/step-0000000" + step + "/_SUCCESS"))) {
      assertFalse(driver.waitFor(10, TimeUnit.MILLISECONDS), () -> {
        try {
          return Files.readString(folder.resolve("driver.log"));
        } catch (IOException e) {
          return e.toString();
        }
      });
    }
  }

  @Test
  void aCheckpointThatIsNotWholeDoesNotCount() throws IOException {
    RunStore first = store();
    first.requireNew();
    for (int step : new int[] {0, 4, 8}) {
      Files.createDirectories(first.folder().resolve("best"));
      Files.writeString(first.folder().resolve("best/weights"), "weights of step " + step);
      first.save(step);
    }
    assertFalse(Files.exists(folder.resolve("run/step-00000000")), "of older ones the last is kept");
    assertLine("output folder " + shared("run") + " exists; expected a new or empty folder, or --resume", () -> store().requireNew());
    assertEquals("weights of step 8", restored());
    Files.writeString(folder.resolve("run/step-00000008/best/weights"), "cut");
    assertEquals("weights of step 4", restored());
    Files.delete(folder.resolve("run/step-00000008/_SUCCESS"));
    RunStore second = store();
    second.restore();
    second.save(8);
    assertEquals("weights of step 4", restored());
    assertLine("the run in " + shared("run") + " is at step 8 by now; expected step 4: another process has continued it", () -> {
      Files.move(folder.resolve("run/step-00000008"), folder.resolve("run/aside"));
      RunStore early = store();
      early.restore();
      Files.move(folder.resolve("run/aside"), folder.resolve("run/step-00000008"));
      early.save(12);
    });
  }

  private String restored() throws IOException {
    RunStore store = store();
    store.restore();
    return Files.readString(store.folder().resolve("best/weights"));
  }

  @Test
  void whatIsNotThereIsToldInOneLine() throws IOException {
    assertLine("nothing to resume in " + shared("run") + ": expected a folder step-N with _SUCCESS of an earlier run",
        () -> store().restore());
    Configuration hadoop = Cluster.SPARK.sparkContext().hadoopConfiguration();
    assertEquals("no such file: " + shared("none"), assertThrows(org.tarflowlm.data.DataException.class,
        () -> HadoopText.copy(shared("none"), hadoop)).getMessage());
    assertFalse(HadoopText.isOne("text8:test") || HadoopText.isOne("/a/b") || HadoopText.isOne("file:///a") || HadoopText.isOne("C://a"));
  }

  private static void assertLine(String message, org.junit.jupiter.api.function.Executable action) {
    assertEquals(message, assertThrows(ConfigException.class, action).getMessage());
  }
}
