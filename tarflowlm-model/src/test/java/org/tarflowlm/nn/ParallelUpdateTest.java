package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.tarflowlm.TestModels;
import org.tarflowlm.graph.KernelChoice;

/** Compares the update on all cores with DL4J's own on one core. */
class ParallelUpdateTest {
  private static final Adam ADAM = new Adam(3e-3, 0.9, 0.95, 1e-8);

  @ParameterizedTest
  @ValueSource(ints = {1, 37, 2_048, 200_001})
  void adamIsDl4jsAdam(int count) {
    INDArray expectedState = Nd4j.zeros(DataType.FLOAT, 1, 2L * count);
    INDArray state = Nd4j.zeros(DataType.FLOAT, 1, 2L * count);
    GradientUpdater<?> expected = ADAM.instantiate(expectedState, true);
    GradientUpdater<?> found = new ParallelAdam(ADAM).instantiate(state, true);
    Nd4j.getRandom().setSeed(5);
    for (int iteration = 0; iteration < 4; iteration++) {
      INDArray gradient = Nd4j.randn(DataType.FLOAT, count);
      INDArray copy = gradient.dup();
      expected.applyUpdater(gradient, iteration, 0);
      found.applyUpdater(copy, iteration, 0);
      assertTrue(gradient.equalsWithEps(copy, 1e-8), "update " + iteration);
      assertTrue(expectedState.equalsWithEps(state, 1e-6), "state " + iteration);
    }
  }

  @Test
  void adamAtRateZeroMovesNothing() {
    GradientUpdater<?> updater = new ParallelAdam(new Adam(0, 0.9, 0.95, 1e-8)).instantiate(Nd4j.zeros(DataType.FLOAT, 1, 6), true);
    INDArray gradient = Nd4j.createFromArray(1f, -2f, 3f);
    updater.applyUpdater(gradient, 0, 0);
    assertEquals(0, gradient.amaxNumber().doubleValue());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void weightDecayIsDl4js(boolean timesRate) {
    WeightDecay decay = new WeightDecay(0.1, timesRate);
    INDArray parameter = Nd4j.linspace(DataType.FLOAT, -1, 0.01, 70_000);
    INDArray expected = Nd4j.linspace(DataType.FLOAT, 2, -0.02, 70_000);
    INDArray found = expected.dup();
    decay.apply(parameter, expected, 0.3, 2, 0);
    new ParallelAdam.Decay(decay).apply(parameter, found, 0.3, 2, 0);
    assertTrue(expected.equalsWithEps(found, 1e-4));
  }

  /** With and without clipping (a threshold of 1e-3 always clips), with a frozen or a slower part, on a batch that is no power of two. */
  @ParameterizedTest
  @CsvSource({"1e-3, '', 1", "0, '', 1", "1e9, codebook, 1", "1e-3, flow1.block0, 1", "1e-3, '', 0.1", "1e-3, flow1.block0, 0.1"})
  void onePassGivesTheBitsOfDl4jsUpdater(double clip, String frozen, double factor) {
    OptimizerSpec optimizer = OptimizerSpec.defaults().withLearningRate(1e-2).withWarmupSteps(2).withFinalFraction(0.05)
        .withBetas(0.9, 0.95).withWeightDecay(0.1).withClipNorm(clip).withRateFactors(Map.of("flow1", factor));
    List<String> names = frozen.isEmpty() ? List.of() : List.of(frozen);
    ComputationGraph onePass = TarFlowNetwork.create(TestModels.everyCoupling(1), optimizer, 10, 3, KernelChoice.FUSED, names,
        DataType.FLOAT);
    assertNotNull(OnePassUpdate.of(onePass));
    ComputationGraph plain = new ComputationGraph(onePass.getConfiguration().clone());
    plain.init(onePass.params().dup(), false);
    for (int step = 0; step < 5; step++) {
      INDArray ids = TestModels.ids(step, 3, TestModels.TOKENS);
      onePass.fit(new MultiDataSet(ids, ids));
      plain.fit(new MultiDataSet(ids, ids));
      assertSameBits(plain.params(), onePass.params(), "parameters after step " + step);
      assertSameBits(TarFlowNetwork.updaterState(plain), TarFlowNetwork.updaterState(onePass), "moments after step " + step);
      assertSameBits(plain.getFlattenedGradients(), onePass.getFlattenedGradients(), "update of step " + step);
      assertEquals(plain.score(), onePass.score());
      assertEquals(step + 1, onePass.getIterationCount());
    }
  }

  private static void assertSameBits(INDArray expected, INDArray found, String what) {
    assertArrayEquals(expected.data().asFloat(), found.data().asFloat(), 0, what);
  }

  @Test
  void whatOnePassCannotDoIsLeftToDl4j() {
    ComputationGraph network = TarFlowNetwork.create(TestModels.everyCoupling(1), OptimizerSpec.defaults(), 10, 3);
    TarFlowOutputLayer layer = (TarFlowOutputLayer) TarFlowNetwork.layer(network).layerConf();
    layer.setGradientNormalization(GradientNormalization.ClipElementWiseAbsoluteValue);
    assertNull(OnePassUpdate.of(network));
    layer.setGradientNormalization(GradientNormalization.None);
    assertNotNull(OnePassUpdate.of(network));
    layer.setRegularization(List.of(new WeightDecay(0.1, true), new L2Regularization(0.1)));
    assertNull(OnePassUpdate.of(network));
  }

  @Test
  void standsInForDl4jsOwnOnly() {
    TarFlowOutputLayer layer = new TarFlowOutputLayer(TestModels.everyCoupling(1), 1, KernelChoice.AUTO, List.of("codebook."));
    layer.defineParameters(layer.getLayerParams());
    layer.setUpdater(ADAM);
    assertEquals(ParallelAdam.class, layer.getUpdaterByParam("flow0.block0.qkv.weight").getClass());
    assertNotSame(ADAM, layer.getUpdaterByParam("flow0.block0.qkv.weight"));
    assertSame(ADAM, layer.getUpdater());
    layer.setUpdater(new Sgd(0.1));
    assertEquals(Sgd.class, layer.getUpdaterByParam("flow0.block0.qkv.weight").getClass());
  }

  /** Acts like a backend whose memory Java cannot read. */
  @Test
  void stockOpsGoWithDl4jsOwnUpdates() {
    TarFlowOutputLayer layer = new TarFlowOutputLayer(TestModels.everyCoupling(1), 1, KernelChoice.COMPOSED, List.of());
    layer.defineParameters(layer.getLayerParams());
    layer.setUpdater(ADAM);
    layer.setRegularization(List.of(new WeightDecay(0.1, true)));
    assertSame(ADAM, layer.getUpdaterByParam("flow0.block0.qkv.weight"));
    assertEquals(WeightDecay.class, layer.getRegularizationByParam("flow0.block0.qkv.weight").get(0).getClass());
  }
}
