package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.schedule.ISchedule;
import org.tarflowlm.TestModels;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.nn.session.GraphSession;
import org.tarflowlm.nn.session.QuietOutput;

/**
 * What the project relies on, or works around, in DL4J 1.0.0-M2.1. If a test fails after an upgrade, its workaround has become needless or
 * useless. nn/README.md has a line for each.
 */
class Dl4jContractTest {
  private static ComputationGraph network(double weightDecay) {
    OptimizerSpec optimizer = OptimizerSpec.constant(1e-2).withWeightDecay(weightDecay).withClipNorm(1.0);
    return TarFlowNetwork.create(TestModels.everyCoupling(1), optimizer, 100, 3, KernelChoice.AUTO, List.of(), DataType.FLOAT);
  }

  private static MultiDataSet batch() {
    INDArray ids = TestModels.pattern(1, 4, TestModels.TOKENS);
    return new MultiDataSet(ids, ids);
  }

  private static String outputOf(Runnable action) {
    PrintStream out = System.out;
    ByteArrayOutputStream captured = new ByteArrayOutputStream();
    System.setOut(new PrintStream(captured, true, StandardCharsets.UTF_8));
    try {
      action.run();
    } finally {
      System.setOut(out);
    }
    return captured.toString(StandardCharsets.UTF_8);
  }

  private static SameDiff square() {
    SameDiff sd = SameDiff.create();
    SDVariable x = sd.placeHolder("x", DataType.FLOAT, 2);
    SDVariable w = sd.var("w", Nd4j.ones(DataType.FLOAT, 2));
    x.mul(w).sum().rename("loss");
    sd.setLossVariables("loss");
    return sd;
  }

  @Test
  void differentiationPrintsToStandardOutputUnlessSilenced() {
    assertTrue(outputOf(() -> square().createGradFunction()).contains("Added differentiated op"));
    assertEquals("", outputOf(() -> QuietOutput.run(() -> square().createGradFunction())));
  }

  @Test
  void aTrainingStepPrintsNothing() {
    assertEquals("", outputOf(() -> network(0).fit(batch())));
  }

  /** DL4J sees no learning rate here, and would set none; the layer refuses before anything changes. */
  @Test
  void setLearningRateWouldPassASameDiffLayerBySoItIsRefused() {
    ComputationGraph network = network(0);
    network.fit(batch());
    assertNull(network.getLearningRate(TarFlowNetwork.LAYER));
    INDArray moments = TarFlowNetwork.updaterState(network).dup();
    ISchedule schedule = new WarmupCosineSchedule(1, 0, 1, 0);
    List<Executable> calls = List.of(() -> network.setLearningRate(0.0), () -> network.setLearningRate(schedule),
        () -> network.setLearningRate(TarFlowNetwork.LAYER, 0.0), () -> network.setLearningRate(TarFlowNetwork.LAYER, schedule),
        () -> network.clone().setLearningRate(0.0));
    for (Executable each : calls) {
      String message = assertThrows(UnsupportedOperationException.class, each).getMessage();
      assertTrue(message.contains("nothing was changed; use org.tarflowlm.nn.FineTuning.of(network)"), message);
    }
    assertEquals(moments, TarFlowNetwork.updaterState(network));
    network.fit(batch());
  }

  @Test
  void stockAdamTakesEpsilonForALearningRateOfZero() {
    INDArray update = Nd4j.createFromArray(1f, -2f);
    new Adam(0.0, 0.9, 0.95, 1e-8).instantiate(Nd4j.zeros(DataType.FLOAT, 1, 4), true).applyUpdater(update, 0, 0);
    double moved = update.amaxNumber().doubleValue();
    assertTrue(moved > 0 && moved < 1e-6, "moved by " + moved);
  }

  /**
   * Without our refusal the first call would leave the updater as it is, and the second would fail at the next step with a
   * ClassCastException.
   */
  @Test
  void transferLearningCannotReachTheLayerSoItIsRefused() {
    ComputationGraph network = network(0);
    TransferLearning.GraphBuilder tuning = new TransferLearning.GraphBuilder(network);
    FineTuneConfiguration slower = new FineTuneConfiguration.Builder().updater(new Adam(1e-5)).build();
    assertTrue(assertThrows(UnsupportedOperationException.class, () -> tuning.fineTuneConfiguration(slower)).getMessage()
        .contains("FineTuning.of(network)"));
    TransferLearning.GraphBuilder freezing = new TransferLearning.GraphBuilder(network).setFeatureExtractor(TarFlowNetwork.LAYER);
    assertTrue(assertThrows(UnsupportedOperationException.class, freezing::build).getMessage().contains("FineTuning.of(network)"));
    network.fit(batch());
  }

  @Test
  void aCloneForgetsTheIterationButNotTheMoments() {
    ComputationGraph network = network(0);
    network.fit(batch());
    ComputationGraph clone = network.clone();
    assertEquals(1, network.getIterationCount());
    assertEquals(0, clone.getIterationCount());
    assertEquals(TarFlowNetwork.updaterState(network), TarFlowNetwork.updaterState(clone));
  }

  @Test
  void weightDecayReachesMatricesOnlyAndStaysOutOfTheScore() {
    ComputationGraph plain = network(0);
    ComputationGraph decayed = network(0.5);
    plain.fit(batch());
    decayed.fit(batch());
    assertEquals(plain.score(), decayed.score());
    TarFlowNetwork.parameters(plain).forEach((name, array) -> {
      INDArray other = TarFlowNetwork.parameters(decayed).get(name);
      assertEquals(!name.endsWith(".weight"), array.equals(other), name);
    });
  }

  @Test
  void aSessionForgetsTheArraysItReleased() {
    SameDiff sd = square();
    GraphSession session = new GraphSession(sd);
    Map<String, INDArray> inputs = Map.of("x", Nd4j.ones(DataType.FLOAT, 2));
    int afterOne = -1;
    for (int i = 0; i < 20; i++) {
      assertEquals(2.0, session.run(List.of("loss"), inputs, Operation.INFERENCE, List.of(), Map.of()).get("loss").getDouble(0));
      session.endStep();
      afterOne = afterOne < 0 ? session.rememberedArrays() : afterOne;
    }
    assertEquals(afterOne, session.rememberedArrays());
  }

  @Test
  void aSavedAndRestoredNetworkTakesTheSameNextStep(@TempDir Path folder) throws IOException {
    ComputationGraph network = network(0.01);
    network.fit(batch());
    File file = folder.resolve("network.zip").toFile();
    ModelSerializer.writeModel(network, file, true);
    ComputationGraph restored = ModelSerializer.restoreComputationGraph(file, true);
    network.fit(batch());
    restored.fit(batch());
    assertEquals(network.params(), restored.params());
    assertEquals(network.score(), restored.score());
  }

  @Test
  void rowsOfOneNumberCannotBeSummed() {
    SameDiff sd = SameDiff.create();
    SDVariable sum = sd.placeHolder("x", DataType.FLOAT, -1, 1).sum(1);
    assertThrows(NullPointerException.class, () -> sd.output(Map.of("x", Nd4j.ones(DataType.FLOAT, 3, 1)), sum.name()));
  }

  @Test
  void noInputGradientIsNeededForIntegerIds() {
    ComputationGraph network = network(0);
    network.setInput(0, batch().getFeatures(0));
    network.setLabel(0, batch().getLabels(0));
    network.computeGradientAndScore();
    assertNull(network.getVertex(TarFlowNetwork.INPUT).getEpsilon());
    assertFalse(Double.isNaN(network.score()));
  }

  @Test
  void theGradientOfOneSlicedElementGoesAstray() {
    SameDiff sd = SameDiff.create();
    SDVariable x = sd.var("x", Nd4j.createFromArray(1f, 2f, 3f).reshape(1, 3));
    sd.stridedSlice(x, new long[] {0, 2}, new long[] {0, 3}, new long[] {1, 1}, 1, 1, 0, 0, 0).sum().rename("loss");
    sd.setLossVariables("loss");
    assertEquals(3.0, sd.outputSingle(Map.of(), "loss").getDouble(0));
    assertEquals(Nd4j.createFromArray(1f, 0f, 0f).reshape(1, 3), sd.calculateGradients(Map.of(), "x").get("x"));
  }

  @Test
  void splitReturnsItsOwnArray() {
    SameDiff sd = SameDiff.create();
    SDVariable x = sd.var("x", Nd4j.ones(DataType.FLOAT, 2, 2));
    SDVariable[] parts = sd.split(x, 2, 1);
    parts[0] = parts[0].mul(2);
    parts[0].mul(parts[1]).sum().rename("loss");
    sd.setLossVariables("loss");
    assertThrows(IllegalStateException.class, () -> sd.calculateGradients(null, "x"));
  }
}
