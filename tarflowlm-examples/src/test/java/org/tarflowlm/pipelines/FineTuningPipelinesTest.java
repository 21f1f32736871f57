package org.tarflowlm.pipelines;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.deeplearning4j.core.storage.StatsStorage;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.EarlyStoppingResult;
import org.deeplearning4j.earlystopping.saver.InMemoryModelSaver;
import org.deeplearning4j.earlystopping.scorecalc.DataSetLossCalculator;
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingGraphTrainer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.optimize.listeners.Checkpoint;
import org.deeplearning4j.optimize.listeners.CheckpointListener;
import org.deeplearning4j.optimize.listeners.CollectScoresListener;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.deeplearning4j.ui.api.UIServer;
import org.deeplearning4j.ui.model.stats.StatsListener;
import org.deeplearning4j.ui.model.storage.InMemoryStatsStorage;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.data.windows.WindowIterator;
import org.tarflowlm.nn.FineTuning;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.zoo.TarFlowZoo;

/** DL4J's own tools train the packaged model further on a novel. Windows are short and few, so that a test takes a second. */
class FineTuningPipelinesTest {
  private static final int LENGTH = 32;
  private static final int BATCH = 4;
  private static final org.tarflowlm.checkpoint.Checkpoint ZOO = TarFlowZoo.load("text8-mixd");
  private static final OptimizerSpec GENTLE = OptimizerSpec.constant(5e-4).withWeightDecay(0.0).withClipNorm(1.0);

  @TempDir
  private Path folder;

  /** The packaged weights; the codebook and one block of the first flow are frozen. */
  private static ComputationGraph network() {
    return FineTuning.of(CheckpointNetworks.network(ZOO)).optimizer(GENTLE, 1000).freeze("codebook", "flow0.block0").build();
  }

  private static TokenSequence text() {
    return TokenArray.of(Excerpt.text(), new Text8Alphabet());
  }

  /** That many batches. */
  private static WindowIterator training(int batches) {
    return WindowIterator.builder(text().slice(0, (long) batches * BATCH * LENGTH + 1), LENGTH).batch(BATCH).shuffled(3).build();
  }

  /** Loss on the first batches of {@link #training}, in nats per character. So few windows teach the network these windows only. */
  private static DataSetLossCalculator loss() {
    return new DataSetLossCalculator(WindowIterator.builder(text().slice(0, 4L * BATCH * LENGTH), LENGTH).batch(16).build(), true);
  }

  private static double score(ComputationGraph network) {
    return loss().calculateScore(network);
  }

  /** Frozen parameters equal the zoo's bit for bit, and all others differ. */
  private static void assertFrozenAlone(ComputationGraph network) {
    CheckpointNetworks.checkpoint(network, ZOO.info(), null).tensors().forEach((name, tensor) ->
        assertEquals(name.startsWith("codebook.") || name.startsWith("flow0.block0."), tensor.equals(ZOO.tensors().get(name)), name));
  }

  @Test
  void fitTakesAMultiDataSetIterator() {
    ComputationGraph network = network();
    CollectScoresListener scores = new CollectScoresListener(1);
    network.setListeners(scores);
    double before = score(network);
    network.fit(training(4), 5);
    assertEquals(20, scores.getListScore().size());
    assertTrue(score(network) < before, "from " + before + " to " + score(network));
    assertFrozenAlone(network);
  }

  @Test
  void earlyStoppingKeepsTheBestNetwork() {
    ComputationGraph network = network();
    EarlyStoppingConfiguration<ComputationGraph> stopping = new EarlyStoppingConfiguration.Builder<ComputationGraph>()
        .epochTerminationConditions(new MaxEpochsTerminationCondition(3))
        .scoreCalculator(loss())
        .modelSaver(new InMemoryModelSaver<>())
        .build();
    EarlyStoppingResult<ComputationGraph> result = new EarlyStoppingGraphTrainer(stopping, network, training(4), null).fit();
    assertEquals(EarlyStoppingResult.TerminationReason.EpochTerminationCondition, result.getTerminationReason());
    assertEquals(3, result.getScoreVsEpoch().size());
    assertEquals(Collections.min(result.getScoreVsEpoch().values()), score(result.getBestModel()), 1e-6);
    assertFrozenAlone(result.getBestModel());
  }

  @Test
  void checkpointListenerLeavesNetworksThatGoOn() {
    ComputationGraph network = network();
    CheckpointListener listener = new CheckpointListener.Builder(folder.toFile()).saveEveryNIterations(4).keepLast(2).build();
    network.setListeners(listener);
    network.fit(training(9), 1);
    List<Checkpoint> kept = listener.availableCheckpoints();
    assertEquals(List.of(4, 8), kept.stream().map(Checkpoint::getIteration).toList());
    ComputationGraph restored = CheckpointListener.loadCheckpointCG(folder.toFile(), kept.get(1));
    assertEquals(network.params(), restored.params());
    assertNotEquals(network.params(), CheckpointListener.loadCheckpointCG(folder.toFile(), kept.get(0)).params());
  }

  @Test
  void aSavedFileGoesOnWithTheSameStepAndBecomesAModel() throws IOException {
    ComputationGraph network = network();
    network.fit(training(2), 1);
    File file = folder.resolve("tuned.zip").toFile();
    ModelSerializer.writeModel(network, file, true);
    ComputationGraph restored = ModelSerializer.restoreComputationGraph(file, true);
    network.fit(training(1), 1);
    restored.fit(training(1), 1);
    assertEquals(network.params(), restored.params());
    try (TarFlowLM model = TarFlowLM.of(CheckpointNetworks.checkpoint(restored, ZOO.info(), null))) {
      double bits = model.score(Excerpt.text().substring(0, 256)).bitsPerCharacter();
      assertTrue(bits > 1 && bits < 3, "bits " + bits);
      assertEquals(20, model.generate("the whale ", model.generationOptions().withMaxNewTokens(20)).get(0).text().length());
    }
  }

  @ParameterizedTest
  @EnumSource(value = ParallelWrapper.TrainingMode.class, names = {"AVERAGING", "SHARED_GRADIENTS"})
  void parallelWrapperTrainsOnTwoWorkers(ParallelWrapper.TrainingMode mode) throws Exception {
    ComputationGraph network = network();
    double before = score(network);
    try (ParallelWrapper parallel = new ParallelWrapper.Builder<>(network).workers(2).prefetchBuffer(2).averagingFrequency(2)
        .trainingMode(mode).build()) {
      parallel.fit(WindowIterator.builder(text().slice(0, 4L * BATCH * LENGTH), LENGTH).batch(BATCH).passes(5).build());
    }
    assertTrue(score(network) < before, "from " + before + " to " + score(network));
    assertFrozenAlone(network);
  }

  @Test
  void statsReachTheUiServer() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    System.setProperty("org.deeplearning4j.ui.port", String.valueOf(port));
    UIServer server = UIServer.getInstance();
    try {
      StatsStorage storage = new InMemoryStatsStorage();
      server.attach(storage);
      ComputationGraph network = network();
      network.setListeners(new StatsListener(storage, 1)); // every iteration; without a number, every tenth
      network.fit(training(4), 1);
      JsonNode overview = null;
      for (int tries = 0; tries < 100 && (overview == null || overview.path("scores").size() < 4); tries++) {
        Thread.sleep(50);
        overview = new ObjectMapper().readTree(get(port, "/train/overview/data"));
      }
      assertEquals(4, overview.get("scores").size(), overview.toString());
      for (JsonNode loss : overview.get("scores")) {
        assertTrue(loss.asDouble() > 0.5 && loss.asDouble() < 3, overview.toString());
      }
      assertTrue(get(port, "/train/overview").contains("Overview"));
    } finally {
      server.stop();
    }
  }

  private static String get(int port, String path) throws IOException, InterruptedException {
    return HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NORMAL).build()
        .send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(), HttpResponse.BodyHandlers.ofString()).body();
  }
}
