package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.KernelChoice;

class FineTuningTest {
  private static final OptimizerSpec OPTIMIZER = OptimizerSpec.constant(1e-2).withWeightDecay(0.01).withClipNorm(1.0);

  private static MultiDataSet batch(long seed) {
    INDArray ids = TestModels.pattern(seed, 4, TestModels.TOKENS);
    return new MultiDataSet(ids, ids);
  }

  /** A network after three steps. */
  private static ComputationGraph trained(TarFlowConfig config) {
    ComputationGraph network = TarFlowNetwork.create(config, OPTIMIZER, 100, 3);
    for (int step = 0; step < 3; step++) {
      network.fit(batch(step));
    }
    return network;
  }

  private static ComputationGraph trained() {
    return trained(TestModels.everyCoupling(1));
  }

  private static Map<String, INDArray> weights(ComputationGraph network) {
    Map<String, INDArray> copy = new LinkedHashMap<>();
    TarFlowNetwork.parameters(network).forEach((name, view) -> copy.put(name, view.dup()));
    return copy;
  }

  /** Takes a step and returns the first parts of the names that moved. */
  private static Set<String> movedBy(ComputationGraph network) {
    Map<String, INDArray> before = weights(network);
    network.fit(batch(9));
    Map<String, INDArray> after = weights(network);
    return ParameterNames.parts(before.keySet().stream().filter(name -> !before.get(name).equals(after.get(name))).toList());
  }

  private static void assertFails(Class<? extends Exception> type, String expected, Executable action) {
    Exception e = assertThrows(type, action);
    assertTrue(e.getMessage().contains(expected), e::getMessage);
  }

  @Test
  void nothingChangedMeansTheSameNextStep() {
    ComputationGraph network = trained();
    ComputationGraph same = FineTuning.of(network).build();
    assertEquals(network.params(), same.params());
    network.fit(batch(7));
    same.fit(batch(7));
    assertEquals(network.params(), same.params(), "moments, schedule and noise continue");
    assertEquals(network.score(), same.score());
  }

  @Test
  void theOldNetworkIsLeftAlone() {
    ComputationGraph network = trained();
    INDArray before = network.params().dup();
    movedBy(FineTuning.of(network).learningRate(0.5).freeze("flow1").build());
    assertEquals(before, network.params());
    assertEquals(Set.of("codebook", "flow0", "flow1", "flow2", "flow3", "flow4"), movedBy(network));
  }

  @Test
  void frozenPartsStayAndThawAgain() {
    ComputationGraph network = trained();
    assertEquals(Set.of("codebook", "flow0", "flow1", "flow2", "flow3", "flow4"), FineTuning.parts(network));
    ComputationGraph frozen = FineTuning.of(network).freeze("codebook", "flow0", "flow3").build();
    assertEquals(Set.of("flow1", "flow2", "flow4"), movedBy(frozen));
    ComputationGraph more = FineTuning.of(frozen).freeze("flow1").unfreeze("flow3").build();
    assertEquals(Set.of("flow2", "flow3", "flow4"), movedBy(more));
    assertEquals(List.of("flow4.block1.down.weight"), List.copyOf(layer(FineTuning.of(more)
        .unfreeze("codebook", "flow0", "flow1").freeze("flow4.block1.down.weight").build()).frozenParameters()));
  }

  private static TarFlowOutputLayer layer(ComputationGraph network) {
    return (TarFlowOutputLayer) TarFlowNetwork.layer(network).layerConf();
  }

  @Test
  void momentsOfWhatTrainsOnSurviveFreezing() {
    ComputationGraph whole = trained();
    ComputationGraph part = FineTuning.of(whole).freeze("flow1").build();
    // without clipping's common factor and without flow1, a part that trains takes the same step in both
    OptimizerSpec noClip = OptimizerSpec.constant(1e-2).withWeightDecay(0.0).withClipNorm(0.0);
    ComputationGraph plain = TarFlowNetwork.create(TestModels.everyCoupling(1), noClip, 100, 3);
    plain.fit(batch(1));
    ComputationGraph frozen = FineTuning.of(plain).freeze("flow1").build();
    plain.fit(batch(2));
    frozen.fit(batch(2));
    Map<String, INDArray> expected = weights(plain);
    weights(frozen).forEach((name, found) -> assertEquals(!name.startsWith("flow1."), found.equals(expected.get(name)), name));
    assertTrue(TarFlowNetwork.updaterState(part).length() < TarFlowNetwork.updaterState(whole).length());
  }

  @Test
  void aPartsNameEndsAtAPoint() {
    assertTrue(ParameterNames.covers("flow1", "flow1.in.weight"));
    assertTrue(ParameterNames.covers("flow1.", "flow1.in.weight"));
    assertTrue(ParameterNames.covers("flow1.in.weight", "flow1.in.weight"));
    assertFalse(ParameterNames.covers("flow1", "flow10.in.weight"));
    assertFalse(ParameterNames.covers("flow1.in.wei", "flow1.in.weight"));
  }

  @Test
  void misspeltPartsAreNamed() {
    ComputationGraph network = trained();
    assertFails(IllegalArgumentException.class,
        "'codebok' is not a part of the model (did you mean 'codebook'?); expected one of codebook, flow0, flow1, flow2, flow3, flow4, or",
        () -> FineTuning.of(network).freeze("codebok"));
    assertFails(IllegalArgumentException.class, "'flow7' is not a part of the model", () -> FineTuning.of(network).unfreeze("flow7"));
    assertFails(IllegalArgumentException.class, "'flow7' is not a part of the model", () -> TarFlowNetwork.create(
        TestModels.everyCoupling(1), OPTIMIZER, 1, 1, KernelChoice.AUTO, List.of("flow7"), DataType.FLOAT));
    assertFails(IllegalStateException.class, "nothing is left to train",
        () -> FineTuning.of(network).freeze("codebook", "flow0", "flow1", "flow2", "flow3", "flow4").build());
  }

  @Test
  void theLearningRateChangesAndTheMomentsGoOn() {
    ComputationGraph network = trained();
    assertEquals(Set.of(), movedBy(FineTuning.of(network).learningRate(0).build()));
    INDArray start = network.params().dup();
    ComputationGraph slow = FineTuning.of(network).learningRate(1e-2 / 8).build();
    slow.fit(batch(5));
    network.fit(batch(5));
    double slowly = slow.params().sub(start).norm2Number().doubleValue();
    double fast = network.params().sub(start).norm2Number().doubleValue();
    assertEquals(8, fast / slowly, 0.01);

    ComputationGraph scheduled = FineTuning.of(network).learningRate(
        new MapSchedule(ScheduleType.ITERATION, Map.of(0, 1e-2, 5, 0.0))).build();
    assertFalse(movedBy(scheduled).isEmpty());
    assertEquals(5, scheduled.getIterationCount(), "four steps before, one now");
    assertEquals(Set.of(), movedBy(scheduled), "the schedule counts from the network's first step");

    assertFails(IllegalArgumentException.class, "learningRate is NaN", () -> FineTuning.of(network).learningRate(Double.NaN));
    assertFails(IllegalStateException.class, "AdaDelta has no learning rate",
        () -> FineTuning.of(network).updater(new AdaDelta()).learningRate(1));
  }

  @Test
  void anotherUpdaterBeginsAnew() {
    ComputationGraph network = trained();
    ComputationGraph plain = FineTuning.of(network).updater(new Sgd(0.0)).build();
    assertEquals(0, plain.getIterationCount());
    ComputationGraph nesterovs = FineTuning.of(network).updater(new Nesterovs(0.1, 0.9)).freeze("codebook").build();
    assertEquals(0, TarFlowNetwork.updaterState(nesterovs).norm2Number().doubleValue());
    assertFalse(movedBy(nesterovs).contains("codebook"));
    ComputationGraph warm = FineTuning.of(network).optimizer(OptimizerSpec.defaults().withLearningRate(1e-3).withWarmupSteps(10)
        .withFinalFraction(0.0).withWeightDecay(0.0).withClipNorm(0.0), 20).build();
    assertEquals(0, warm.getIterationCount());
    INDArray before = warm.params().dup();
    warm.fit(batch(4));
    double largest = warm.params().sub(before).amaxNumber().doubleValue();
    assertEquals(1e-4, largest, 1e-5, "the first step of a warm-up of ten");
  }

  @Test
  void aTunedNetworkSurvivesASavedFile(@TempDir Path folder) throws IOException {
    ComputationGraph tuned = FineTuning.of(trained()).freeze("flow0.block0", "codebook").learningRate(3e-3).build();
    tuned.fit(batch(6));
    File file = folder.resolve("network.zip").toFile();
    ModelSerializer.writeModel(tuned, file, true);
    ComputationGraph restored = ModelSerializer.restoreComputationGraph(file, true);
    tuned.fit(batch(7));
    restored.fit(batch(7));
    assertEquals(tuned.params(), restored.params());
    assertEquals(layer(tuned).frozenParameters(), layer(restored).frozenParameters());
  }

  @Test
  void aNewVocabularyGetsANewCodebookOnOldFlows() {
    ComputationGraph network = trained();
    ComputationGraph wider = FineTuning.of(network).vocabulary(7).freeze("flow0", "flow1", "flow2", "flow3", "flow4").build();
    TarFlowConfig config = TarFlowNetwork.layer(wider).model();
    assertEquals(7, config.vocabSize());
    assertEquals(7, config.flows().get(0).mixtures());
    Map<String, INDArray> old = weights(network);
    Map<String, INDArray> start = weights(wider);
    INDArray ids = Nd4j.createFromArray(6, 5, 4, 3, 2, 1, 0, 6).reshape(1, 8);
    wider.fit(new MultiDataSet(ids, ids));
    Set<String> fresh = Set.of("codebook.mean", "codebook.logSigma", "flow0.head.weight", "flow0.head.bias");
    weights(wider).forEach((name, now) -> {
      assertEquals(!fresh.contains(name), now.equals(old.get(name)), name);
      assertEquals(!fresh.contains(name), now.equals(start.get(name)), name + " trains");
    });
    assertEquals(1, wider.getIterationCount());
  }

  @Test
  void sharedTokensKeepTheirPlaces() {
    TarFlowConfig patched = TestModels.stack(2, FlowSpec.tiedMixD(1, TestModels.VOCAB, Direction.LEFT_TO_RIGHT));
    for (ComputationGraph network : List.of(trained(patched), trained(TestModels.everyCoupling(1).autoregressiveTwin()))) {
      int[] oldTokens = {4, -1, 0, 1, 2, 3};
      Map<String, INDArray> old = weights(network);
      Map<String, INDArray> now = weights(FineTuning.of(network).vocabulary(oldTokens).build());
      boolean flows = old.containsKey("codebook.mean");
      String rows = flows ? "codebook.mean" : "embed.weight";
      String head = flows ? "flow0.head" : "lm.head";
      for (int token = 0; token < 6; token++) {
        if (oldTokens[token] >= 0) {
          assertEquals(old.get(rows).getRow(oldTokens[token]), now.get(rows).getRow(token));
          for (int patch = 0; patch < (flows ? 2 : 1); patch++) {
            assertEquals(old.get(head + ".weight").getColumn(patch * 5 + oldTokens[token]),
                now.get(head + ".weight").getColumn(patch * 6 + token));
            assertEquals(old.get(head + ".bias").getDouble(patch * 5 + oldTokens[token]),
                now.get(head + ".bias").getDouble(patch * 6 + token));
          }
        }
      }
    }
  }

  @Test
  void theSameTokensInAnotherOrderAreTheSameModel() {
    ComputationGraph network = trained();
    INDArray ids = TestModels.pattern(2, 3, TestModels.TOKENS);
    int[] permuted = ids.data().asInt();
    int[] newOf = {3, 4, 0, 2, 1};
    int[] oldTokens = new int[5];
    for (int old = 0; old < 5; old++) {
      oldTokens[newOf[old]] = old;
    }
    for (int i = 0; i < permuted.length; i++) {
      permuted[i] = newOf[permuted[i]];
    }
    ComputationGraph renamed = FineTuning.of(network).vocabulary(oldTokens).build();
    INDArray same = Nd4j.createFromArray(permuted).reshape(ids.shape());
    assertEquals(network.score(new MultiDataSet(ids, ids), false), renamed.score(new MultiDataSet(same, same), false), 1e-5);
  }

  @Test
  void wrongVocabulariesAreNamed() {
    ComputationGraph network = trained();
    assertFails(IllegalArgumentException.class, "has 1 tokens; expected at least 2", () -> FineTuning.of(network).vocabulary(1));
    assertFails(IllegalArgumentException.class, "old id 5 of token 1; expected -1 to 4",
        () -> FineTuning.of(network).vocabulary(new int[] {0, 5}));
  }

  @Test
  void anotherSeedDrawsOtherNoiseAndOtherCodes() {
    ComputationGraph network = trained();
    ComputationGraph other = FineTuning.of(network).seed(99).build();
    assertEquals(network.params(), other.params());
    assertNotEquals(network.score(batch(1), false), other.score(batch(1), false));
    assertNotEquals(FineTuning.of(network).vocabulary(6).build().params(), FineTuning.of(network).vocabulary(6).seed(99).build().params());
  }

  @Test
  void othersNetworksAreRefused() {
    ComputationGraph foreign = new ComputationGraph(new NeuralNetConfiguration.Builder().graphBuilder().addInputs("in")
        .addLayer("dense", new DenseLayer.Builder().nIn(2).nOut(2).build(), "in")
        .addLayer("out", new OutputLayer.Builder().nIn(2).nOut(2).build(), "dense").setOutputs("out").build());
    foreign.init();
    assertFails(IllegalArgumentException.class, "expected a network of TarFlowNetwork", () -> FineTuning.of(foreign));
  }
}
