package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.optimize.listeners.CollectScoresListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.KernelChoice;

class TarFlowLayerTest {
  private static final OptimizerSpec PLAIN = OptimizerSpec.constant(1e-2).withWeightDecay(0.0).withClipNorm(0.0);

  private static ComputationGraph network(TarFlowConfig config, KernelChoice kernels, DataType type, String... frozen) {
    return TarFlowNetwork.create(config, PLAIN, 100, 3, kernels, List.of(frozen), type);
  }

  private static Map<String, INDArray> gradients(ComputationGraph network, MultiDataSet data) {
    network.setInput(0, data.getFeatures(0));
    network.setLabel(0, data.getLabels(0));
    network.computeGradientAndScore();
    Map<String, INDArray> result = new LinkedHashMap<>();
    network.gradient().gradientForVariable().forEach((name, array) -> result.put(name, array.dup()));
    return result;
  }

  private static MultiDataSet data(TarFlowConfig config, DataType type, int batch) {
    INDArray ids = TestModels.ids(5, batch, TestModels.TOKENS);
    return new MultiDataSet(ids, EncoderNoise.draw(11, 0, type, batch, TestModels.TOKENS, config.latentDim()));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void fusedAndComposedKernelsAgreeInLossAndEveryGradient(int patch) {
    for (TarFlowConfig config : List.of(TestModels.everyCoupling(patch), TestModels.trunk(patch), TestModels.coarseToFine())) {
      assertKernelsAgree(config, data(config, DataType.FLOAT, 3));
    }
  }

  @Test
  void fusedAndComposedKernelsAgreeForTheAutoregressiveTwin() {
    TarFlowConfig config = TestModels.everyCoupling(1).autoregressiveTwin();
    INDArray ids = TestModels.ids(5, 3, TestModels.TOKENS);
    assertKernelsAgree(config, new MultiDataSet(ids, ids));
  }

  private static void assertKernelsAgree(TarFlowConfig config, MultiDataSet data) {
    ComputationGraph fused = network(config, KernelChoice.FUSED, DataType.FLOAT);
    ComputationGraph composed = network(config, KernelChoice.COMPOSED, DataType.FLOAT);
    Map<String, INDArray> expected = gradients(composed, data);
    Map<String, INDArray> found = gradients(fused, data);
    assertEquals(composed.score(), fused.score(), 2e-6 * (1 + Math.abs(composed.score())));
    expected.forEach((name, gradient) -> {
      double scale = Math.max(1e-3, gradient.amaxNumber().doubleValue());
      double difference = gradient.sub(found.get(name)).amaxNumber().doubleValue();
      assertTrue(difference <= 2e-4 * scale, name + ": difference " + difference + " at scale " + scale);
    });
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void gradientsMatchFiniteDifferencesInDouble(int patch) {
    checkFiniteDifferences(TestModels.everyCoupling(patch));
    checkFiniteDifferences(TestModels.trunk(patch));
  }

  @Test
  void gradientsOfPartialFlowsMatchFiniteDifferencesInDouble() {
    checkFiniteDifferences(TestModels.coarseToFine());
  }

  private static void checkFiniteDifferences(TarFlowConfig config) {
    ComputationGraph network = network(config, KernelChoice.AUTO, DataType.DOUBLE);
    MultiDataSet data = data(config, DataType.DOUBLE, 2);
    Map<String, INDArray> gradients = gradients(network, data);
    double step = 1e-6;
    TarFlowNetwork.parameters(network).forEach((name, parameter) -> {
      INDArray gradient = gradients.get(name.contains("_") ? name : TarFlowNetwork.LAYER + "_" + name);
      List<Integer> places = List.of((int) parameter.length() / 2);
      for (int place : places) {
        double value = parameter.getDouble(place);
        parameter.putScalar(place, value + step);
        double above = network.score(data, false);
        parameter.putScalar(place, value - step);
        double below = network.score(data, false);
        parameter.putScalar(place, value);
        double expected = (above - below) / (2 * step) * data.getFeatures(0).size(0);
        assertEquals(expected, gradient.getDouble(place), 1e-6 * (1 + Math.abs(expected)), name + "[" + place + "]");
      }
    });
  }

  @Test
  void learnsAPatternAndReportsItsTrueLoss() {
    TarFlowConfig config = TestModels.everyCoupling(1);
    ComputationGraph network = network(config, KernelChoice.AUTO, DataType.FLOAT);
    CollectScoresListener scores = new CollectScoresListener(1);
    network.setListeners(scores);
    INDArray ids = TestModels.pattern(1, 16, TestModels.TOKENS);
    for (int i = 0; i < 60; i++) {
      network.fit(new MultiDataSet(ids, ids));
    }
    double first = scores.getListScore().getDouble(0);
    double last = scores.getListScore().getDouble(59);
    assertTrue(last < 0.7 * first, "loss went from " + first + " to " + last);
    assertEquals(network.score(new MultiDataSet(ids, ids), false), last, 0.25);
  }

  @Test
  void frozenParametersStayAndOthersTrain() {
    TarFlowConfig config = TestModels.everyCoupling(1);
    ComputationGraph network = network(config, KernelChoice.AUTO, DataType.FLOAT, "codebook.", "flow0.");
    Map<String, INDArray> before = new LinkedHashMap<>();
    TarFlowNetwork.parameters(network).forEach((name, array) -> before.put(name, array.dup()));
    INDArray ids = TestModels.pattern(1, 4, TestModels.TOKENS);
    network.fit(new MultiDataSet(ids, ids));
    TarFlowNetwork.parameters(network).forEach((name, array) -> {
      boolean frozen = name.startsWith("codebook.") || name.startsWith("flow0.");
      assertEquals(frozen, array.equals(before.get(name)), name);
    });
  }

  /** The layer itself clips what DL4J would clip, to the threshold, after division by the batch size. */
  @ParameterizedTest
  @ValueSource(doubles = {0.01, 1e6})
  void clipsTheGlobalNormAsDl4jDoes(double threshold) {
    TarFlowConfig config = TestModels.everyCoupling(1);
    MultiDataSet data = data(config, DataType.FLOAT, 3);
    Map<String, INDArray> whole = gradients(network(config, KernelChoice.FUSED, DataType.FLOAT), data);
    double norm = Math.sqrt(whole.values().stream().mapToDouble(g -> Math.pow(g.norm2Number().doubleValue(), 2)).sum()) / 3;
    OptimizerSpec clipping = OptimizerSpec.constant(1e-2).withWeightDecay(0.0).withClipNorm(threshold);
    ComputationGraph network = TarFlowNetwork.create(config, clipping, 100, 3, KernelChoice.FUSED, List.of(), DataType.FLOAT);
    Map<String, INDArray> found = gradients(network, data);
    double scale = Math.min(1, threshold / norm);
    whole.forEach((name, gradient) -> assertTrue(gradient.mul(scale).equalsWithEps(found.get(name), 1e-6), name));
    assertEquals(GradientNormalization.ClipL2PerLayer,
        ((TarFlowOutputLayer) TarFlowNetwork.layer(network).conf().getLayer()).getGradientNormalization());
    assertEquals(GradientNormalization.None, TarFlowNetwork.layer(network).getConfig().getGradientNormalization());
  }

  @Test
  void workingMemoryIsFlatFromTheSecondStep() {
    ComputationGraph network = network(TestModels.stack(1, FlowSpec.tiedMixD(1, TestModels.VOCAB, Direction.LEFT_TO_RIGHT)),
        KernelChoice.AUTO, DataType.FLOAT);
    INDArray ids = TestModels.pattern(1, 4, TestModels.TOKENS);
    network.fit(new MultiDataSet(ids, ids));
    network.fit(new MultiDataSet(ids, ids));
    long bytes = TarFlowNetwork.layer(network).workingMemoryBytes();
    for (int i = 0; i < 500; i++) {
      network.fit(new MultiDataSet(ids, ids));
    }
    assertEquals(bytes, TarFlowNetwork.layer(network).workingMemoryBytes());
    long live = TarFlowNetwork.layer(network).peakLiveBytes();
    assertTrue(bytes < 1.1 * live, bytes + " bytes for " + live);
  }

  @Test
  void windowsOfAnotherLengthWork() {
    ComputationGraph network = network(TestModels.everyCoupling(2), KernelChoice.AUTO, DataType.FLOAT);
    INDArray whole = TestModels.ids(1, 2, TestModels.TOKENS);
    INDArray half = TestModels.ids(1, 2, TestModels.TOKENS / 2);
    assertEquals(2, network.output(whole)[0].size(0));
    assertEquals(2, network.output(half)[0].size(0));
  }
}
