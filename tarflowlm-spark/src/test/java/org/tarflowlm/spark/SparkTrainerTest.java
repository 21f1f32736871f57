package org.tarflowlm.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.tarflowlm.data.latent.LatentPreProcessor;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.data.tokens.TokenSequences;
import org.tarflowlm.data.windows.WindowIterator;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;
import org.tarflowlm.train.Changes;
import org.tarflowlm.train.RunConfig;
import org.tarflowlm.train.Trainer;
import org.tarflowlm.train.TrainingSpec;
import org.tarflowlm.train.TrainingWorker;

/** Training on executors gives the bits of training here. */
@ExtendWith(Cluster.class)
class SparkTrainerTest {
  @TempDir private Path folder;
  private String text;

  @BeforeEach
  void writeAText() throws IOException {
    Path file = folder.resolve("text.text8");
    Files.writeString(file, "call me ishmael some years ago never mind how long precisely ".repeat(20).strip());
    text = file.toString();
  }

  private static RunConfig config(int steps) {
    return new RunConfig("text8", Cluster.tinyConfig(), TrainingSpec.of(steps).withBatchSize(2).withSeed(5L).withValidation(4, 4)
        .withCheckpointEvery(4).withLogEvery(2));
  }

  private TokenSequence open() {
    return TokenSequences.open(text, Tokenizers.byName("text8"));
  }

  private SparkTrainer start(RunConfig config, String out, int workers, int round) throws IOException {
    return SparkTrainer.start(Cluster.SPARK, null, config, text, text, folder.resolve(out).toString(),
        SparkTrainer.Plan.of(workers, round));
  }

  private static void assertSameBits(ComputationGraph expected, ComputationGraph found) {
    assertArrayEquals(expected.params().dup('c').data().asFloat(), found.params().dup('c').data().asFloat());
    assertArrayEquals(TarFlowNetwork.updaterState(expected).dup('c').data().asFloat(),
        TarFlowNetwork.updaterState(found).dup('c').data().asFloat());
  }

  /** Progress without times, which differ. */
  private List<List<String>> progress(String out) throws IOException {
    List<List<String>> lines = new ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve(out).resolve("progress.jsonl"))) {
      JsonNode node = new ObjectMapper().readTree(line);
      lines.add(List.of(node.path("step").asText(), node.path("trainBits").asText(), node.path("validBits").asText(),
          node.path("tokens").asText(), node.path("learningRate").asText()));
    }
    return lines;
  }

  @Test
  void oneWorkerIsTheLocalRunAlsoWhenTheDriverIsReplaced() throws IOException {
    RunConfig config = config(10);
    Trainer local = Trainer.start(config, open(), open(), folder.resolve("local"));
    local.run(() -> false);
    AtomicInteger rounds = new AtomicInteger();
    SparkTrainer first = start(config, "spark", 1, 3);
    assertFalse(first.run(() -> rounds.incrementAndGet() > 2).finished());
    SparkTrainer second = SparkTrainer.resume(Cluster.SPARK, config, text, text, folder.resolve("spark").toString(),
        SparkTrainer.Plan.of(1, 3), Changes.REFUSE);
    assertTrue(second.run(() -> false).finished());
    assertSameBits(local.network(), second.network());
    assertEquals(progress("local"), progress("spark"));
  }

  @Test
  void twoWorkersAreTheMeanOfTwoAndALostExecutorCostsNoBits() throws Exception {
    RunConfig config = config(24);
    List<TrainingWorker> workers = List.of(new TrainingWorker(config, open(), 0, 2), new TrainingWorker(config, open(), 1, 2));
    NetworkState state = NetworkState.of(workers.get(0).network(), List.of(), 0);
    for (int step = 0; step < 24; step++) {
      List<NetworkState> taken = new ArrayList<>();
      for (TrainingWorker each : workers) {
        state.into(each.network(), step);
        taken.add(NetworkState.of(each.network(), each.take(each.network(), step, 1), 0));
      }
      state = NetworkState.mean(taken);
    }
    state.into(workers.get(0).network(), 24);
    SparkTrainer trainer = start(config, "two", 2, 1);
    FutureTask<Boolean> job = new FutureTask<>(() -> trainer.run(() -> false).finished());
    Thread thread = new Thread(job);
    Cluster.killAnExecutorAfterTheFirstTask(thread);
    assertTrue(job.get());
    assertSameBits(workers.get(0).network(), trainer.network());
    assertEquals(24 * 2 * 2 * 8, Long.parseLong(progress("two").get(progress("two").size() - 1).get(3)), "tokens of both workers");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void batchesOfLatentsAreTheLocalOnes(int partitions) {
    LatentPreProcessor latents = LatentPreProcessor.latents(
        TarFlowNetwork.codebook(TarFlowNetwork.create(Cluster.tinyConfig(), OptimizerSpec.defaults(), 1, 5)), 42, 0);
    List<MultiDataSet> found = new WindowBatches(text, "text8", 8, 2, 5)
        .rdd(new JavaSparkContext(Cluster.SPARK.sparkContext()), latents, 5, partitions).collect();
    WindowIterator local = WindowIterator.builder(open(), 8).batch(2).shuffled(5).endless().build();
    local.setPreProcessor(latents);
    for (MultiDataSet each : found) {
      MultiDataSet expected = local.next();
      assertArrayEquals(expected.getFeatures(0).dup('c').data().asFloat(), each.getFeatures(0).dup('c').data().asFloat());
      assertArrayEquals(expected.getLabels(0).dup('c').data().asInt(), each.getLabels(0).dup('c').data().asInt());
    }
    assertEquals(5, found.size());
  }

  @Test
  void aRunGoesOnWithItsOwnWorkersOnly() throws IOException {
    start(config(4), "own", 2, 2);
    ConfigException failure = assertThrows(ConfigException.class, () -> SparkTrainer.resume(Cluster.SPARK, config(4), text, text,
        folder.resolve("own").toString(), SparkTrainer.Plan.of(3, 2), Changes.REFUSE));
    assertEquals(folder.resolve("own") + " was started with 2 workers and rounds of 2 updates; expected the same, not 3 and 2",
        failure.getMessage());
    assertThrows(ConfigException.class, () -> SparkTrainer.Plan.of(0, 1));
  }
}
