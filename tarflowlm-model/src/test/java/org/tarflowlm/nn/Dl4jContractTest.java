package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
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
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.tarflowlm.TestModels;
import org.tarflowlm.graph.KernelChoice;

/**
 * What the project relies on, or works around, in DL4J 1.0.0-M2.1: a test that fails here after an upgrade says which workaround is no
 * longer needed or no longer works. One line each in docs/dl4j-quirks.md.
 */
class Dl4jContractTest {
  private static ComputationGraph network(double weightDecay) {
    OptimizerSpec optimizer = new OptimizerSpec(1e-2, 0, 1.0, null, null, weightDecay, 1.0);
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

  @Test
  void setLearningRateDoesNothingToASameDiffLayer() {
    ComputationGraph network = network(0);
    network.setLearningRate(0.0);
    INDArray before = network.params().dup();
    network.fit(batch());
    assertNotEquals(before, network.params());
  }

  @Test
  void stockAdamTakesEpsilonForALearningRateOfZero() {
    INDArray update = Nd4j.createFromArray(1f, -2f);
    new Adam(0.0, 0.9, 0.95, 1e-8).instantiate(Nd4j.zeros(DataType.FLOAT, 1, 4), true).applyUpdater(update, 0, 0);
    double moved = update.amaxNumber().doubleValue();
    assertTrue(moved > 0 && moved < 1e-6, "moved by " + moved);
  }

  @Test
  void anOutputLayerCannotBeFrozenByTransferLearning() {
    assertThrows(ClassCastException.class, () -> {
      ComputationGraph frozen = new TransferLearning.GraphBuilder(network(0)).setFeatureExtractor(TarFlowNetwork.LAYER).build();
      frozen.fit(batch());
    });
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
      assertEquals(2.0, session.run(List.of("loss"), inputs, Operation.INFERENCE, List.of()).get("loss").getDouble(0));
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
  void noInputGradientIsNeededForIntegerIds() {
    ComputationGraph network = network(0);
    network.setInput(0, batch().getFeatures(0));
    network.setLabel(0, batch().getLabels(0));
    network.computeGradientAndScore();
    assertNull(network.getVertex(TarFlowNetwork.INPUT).getEpsilon());
    assertFalse(Double.isNaN(network.score()));
  }
}
