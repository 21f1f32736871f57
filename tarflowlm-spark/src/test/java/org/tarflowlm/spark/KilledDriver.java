package org.tarflowlm.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenSequences;
import org.tarflowlm.json.RecordJson;
import org.tarflowlm.train.Changes;
import org.tarflowlm.train.RunConfig;
import org.tarflowlm.train.TrainingSpec;
import org.tarflowlm.train.TrainingWorker;

/**
 * SIGKILL ends a driver while it trains. Shards, training text and run are all on a shared file system. The second driver has nothing of
 * the first's but that.
 *
 * @param shared address of a folder there, such as {@code hdfs://host/folder}
 * @param folder of this machine, for logs and copies
 * @param settings KEY=VALUE for Spark, by which the driver finds the file system
 */
record KilledDriver(String shared, java.nio.file.Path folder, List<String> settings) {
  private static final int STEPS = 80;

  private static RunConfig config() {
    return new RunConfig("text8", Cluster.tinyConfig(),
        TrainingSpec.of(STEPS).withBatchSize(2).withSeed(5L).withValidation(8, 4).withCheckpointEvery(4).withLogEvery(2));
  }

  private static Configuration hadoop() {
    return Cluster.SPARK.sparkContext().hadoopConfiguration();
  }

  /** The second driver reaches the bits of a run that nobody killed, without Spark. */
  void isReplaced() throws Exception {
    FileSystem files = new Path(shared).getFileSystem(hadoop());
    write(files, "text.txt", "call me ishmael some years ago never mind how long precisely ".repeat(20).strip());
    new SparkTokenizer(Cluster.SPARK, "text8", DocumentOptions.DEFAULT, shared + "/shards").files(shared + "/text.txt", 1);
    Process driver = start();
    ComputationGraph expected = meanOfTwo();
    while (!files.exists(new Path(shared, "run/step-00000008/_SUCCESS"))) {
      assertFalse(driver.waitFor(10, TimeUnit.MILLISECONDS), this::log);
    }
    driver.destroyForcibly().waitFor();
    Path last = new Path(shared, "run/step-000000" + STEPS);
    assertFalse(files.exists(last), "the kill comes before its end");
    SparkTrainer second = SparkTrainer.resume(Cluster.SPARK, config(), shared + "/shards", shared + "/shards", shared + "/run",
        SparkTrainer.Plan.of(2, 1), Changes.REFUSE);
    assertTrue(second.run(() -> false).finished());
    assertArrayEquals(expected.params().dup('c').data().asFloat(), second.network().params().dup('c').data().asFloat());
    try (InputStream in = files.open(new Path(last, "progress.jsonl"))) {
      assertEquals(STEPS / 2, new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().count());
    }
    java.nio.file.Path best = folder.resolve("best-of-last");
    files.copyToLocalFile(false, new Path(last, "best"), new Path(best.toUri()), true);
    assertEquals(Cluster.tinyConfig(), Checkpoint.load(best).config());
    assertEquals(List.of("step-00000076", "step-00000080"), Stream.of(files.listStatus(new Path(shared, "run")))
        .map(each -> each.getPath().getName()).filter(each -> !each.endsWith(".crc") && !each.startsWith("_")).sorted().toList());
  }

  private void write(FileSystem files, String name, String text) throws IOException {
    try (OutputStream out = files.create(new Path(shared, name))) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  private String log() {
    try {
      return Files.readString(folder.resolve("driver.log"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** Runs a driver in a process of its own. */
  private Process start() throws IOException {
    java.nio.file.Path config = folder.resolve("run.json");
    Files.writeString(config, RecordJson.write(config()));
    List<String> command = new ArrayList<>(List.of(java.nio.file.Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xmx600m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(each -> each.startsWith("--add-opens")).forEach(command::add);
    command.addAll(List.of("-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        "org.tarflowlm.spark.Main", "train", "--config", config.toString(), "--train", shared + "/shards", "--valid", shared + "/shards",
        "--out", shared + "/run", "--workers", "2", "--round", "1", "--master", "local[2]", "--conf", "spark.ui.enabled=false"));
    settings.forEach(each -> command.addAll(List.of("--conf", each)));
    return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve("driver.log").toFile()).start();
  }

  /** Result of two workers, averaged after each update, without Spark. */
  private ComputationGraph meanOfTwo() {
    String shards = HadoopText.copy(shared + "/shards", hadoop()).toString();
    List<TrainingWorker> workers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      workers.add(new TrainingWorker(config(), TokenSequences.open(shards, Tokenizers.byName("text8")), i, 2));
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
}
