package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.KernelChoice;

/** Texts shorter than the window train and score the same in a batch as alone. */
class MaskedTextsTest {
  private static final OptimizerSpec PLAIN = OptimizerSpec.constant(1e-2).withWeightDecay(0.0).withClipNorm(0.0);
  private static final int WINDOW = 7;
  private static final int PADDED = 8;

  private static ComputationGraph network(TarFlowConfig config, KernelChoice kernels) {
    return TarFlowNetwork.create(config, PLAIN, 100, 3, kernels, List.of(), DataType.FLOAT);
  }

  static Stream<Arguments> stacks() {
    List<Arguments> result = new ArrayList<>();
    Direction left = Direction.LEFT_TO_RIGHT;
    Direction right = Direction.RIGHT_TO_LEFT;
    for (KernelChoice kernels : List.of(KernelChoice.FUSED, KernelChoice.COMPOSED)) {
      int patch = kernels == KernelChoice.FUSED ? 1 : 2;
      for (List<FlowSpec> flows : List.of(
          List.of(FlowSpec.tiedMixD(1, TestModels.VOCAB, left), FlowSpec.mix1(1, 2, right)),
          List.of(FlowSpec.tiedMixD(1, TestModels.VOCAB, right), FlowSpec.mix1(1, 2, left)),
          List.of(FlowSpec.affine(1, left), FlowSpec.mixD(1, 4, right)),
          List.of(FlowSpec.mixD(1, 4, left), FlowSpec.affine(1, right)),
          List.of(FlowSpec.mix1(1, 2, right), FlowSpec.mixD(1, 4, left)),
          List.of(FlowSpec.affine(1, right), FlowSpec.mix1(1, 2, left)))) {
        // Every coupling meets every direction, both patch sizes and both kinds of kernels.
        patch = 3 - patch;
        result.add(Arguments.of(TestModels.stack(patch, flows.toArray(FlowSpec[]::new)), kernels));
      }
      result.add(Arguments.of(TestModels.everyCoupling(4), kernels));
      result.add(Arguments.of(TestModels.trunk(2), kernels));
      result.add(Arguments.of(TestModels.coarseToFine(), kernels));
      result.add(Arguments.of(TestModels.everyCoupling(1).autoregressiveTwin(), kernels));
    }
    return result.stream();
  }

  @ParameterizedTest
  @MethodSource("stacks")
  void aBatchOfShortTextsIsTheTextsOneByOne(TarFlowConfig config, KernelChoice kernels) {
    ComputationGraph network = network(config, kernels);
    int[] lengths = config.patchSize() == 1 ? new int[] {1, 5, 5} : config.patchSize() == 2 ? new int[] {2, 6} : new int[] {4, 8};
    int time = config.patchSize() == 4 ? PADDED : WINDOW;
    INDArray ids = TestModels.ids(5, lengths.length, time);
    INDArray noise = EncoderNoise.draw(11, 0, DataType.FLOAT, lengths.length, time, config.latentDim());
    INDArray mask = mask(time, lengths);
    int all = 0;
    double loss = 0;
    double[] perText = new double[lengths.length];
    Map<String, INDArray> expected = new LinkedHashMap<>();
    for (int b = 0; b < lengths.length; b++) {
      int n = lengths[b];
      MultiDataSet one = new MultiDataSet(ids.get(NDArrayIndex.interval(b, b + 1), NDArrayIndex.interval(0, n)).dup(),
          noise.get(NDArrayIndex.interval(b, b + 1), NDArrayIndex.interval(0, n), NDArrayIndex.all()).dup());
      gradients(network, one).forEach((name, gradient) -> expected.merge(name, gradient.mul(n), INDArray::add));
      perText[b] = network.score();
      loss += perText[b] * n;
      all += n;
      for (int t = n; t < time; t++) {
        ids.putScalar(b, t, 999); // what follows a text must not matter
        noise.get(NDArrayIndex.point(b), NDArrayIndex.point(t), NDArrayIndex.all()).assign(Double.NaN);
      }
    }
    MultiDataSet batch = new MultiDataSet(new INDArray[] {ids}, new INDArray[] {noise}, new INDArray[] {mask}, null);
    double scale = (double) lengths.length / all;
    Map<String, INDArray> found = gradients(network, batch);
    assertEquals(loss / all, network.score(), 1e-5 * (1 + Math.abs(loss / all)));
    expected.forEach((name, gradient) -> {
      double size = Math.max(1e-2, gradient.amaxNumber().doubleValue() * scale);
      double difference = gradient.mul(scale).sub(found.get(name)).amaxNumber().doubleValue();
      assertTrue(difference <= 5e-5 * size, name + ": difference " + difference + " at size " + size);
    });
    assertEquals(loss / all, network.score(batch, false), 1e-5 * (1 + Math.abs(loss / all)));
    INDArray examples = network.scoreExamples(batch, false);
    for (int b = 0; b < lengths.length; b++) {
      assertEquals(perText[b], examples.getDouble(b), 1e-5 * (1 + Math.abs(perText[b])), "text " + b);
    }
  }

  @ParameterizedTest
  @EnumSource(value = KernelChoice.class, names = {"FUSED", "COMPOSED"})
  void aMaskOfOnesIsNoMask(KernelChoice kernels) {
    TarFlowConfig config = TestModels.everyCoupling(1);
    INDArray ids = TestModels.ids(5, 3, TestModels.TOKENS);
    INDArray ones = Nd4j.ones(3, TestModels.TOKENS);
    ComputationGraph plain = network(config, kernels);
    ComputationGraph masked = network(config, kernels);
    plain.fit(new MultiDataSet(ids, ids));
    masked.fit(new MultiDataSet(new INDArray[] {ids}, new INDArray[] {ids}, new INDArray[] {ones}, new INDArray[] {ones}));
    assertEquals(plain.params(), masked.params());
  }

  /**
   * {@code RecordReaderMultiDataSetIterator} gives sequences like this: FLOAT [batch, 1, time], with a mask each for features and labels.
   */
  @Test
  void sequencesOfDataVecFit() {
    TarFlowConfig config = TestModels.everyCoupling(1);
    INDArray ids = TestModels.ids(5, 2, TestModels.TOKENS);
    INDArray sequences = ids.castTo(DataType.FLOAT).reshape(2, 1, TestModels.TOKENS).dup('f');
    INDArray mask = mask(TestModels.TOKENS, 3, 8);
    ComputationGraph a = network(config, KernelChoice.AUTO);
    ComputationGraph b = network(config, KernelChoice.AUTO);
    a.fit(new MultiDataSet(new INDArray[] {ids}, new INDArray[] {ids}, new INDArray[] {mask}, null));
    b.fit(new MultiDataSet(new INDArray[] {sequences}, new INDArray[] {sequences}, new INDArray[] {mask}, new INDArray[] {mask.dup()}));
    assertEquals(a.params(), b.params());
  }

  /** Batches of many lengths share a graph, which is built for a power of two. */
  @Test
  void aTextMayBeOfAnyLengthUpToTheContext() {
    ComputationGraph network = network(TestModels.everyCoupling(1), KernelChoice.AUTO);
    for (int time = 1; time <= TestModels.TOKENS; time++) {
      INDArray ids = TestModels.ids(time, 2, time);
      network.fit(new MultiDataSet(new INDArray[] {ids}, new INDArray[] {ids}, new INDArray[] {mask(time, 1, time)}, null));
      assertTrue(Double.isFinite(network.score()));
    }
  }

  @Test
  void othersAreRefusedByName() {
    TarFlowConfig config = TestModels.everyCoupling(2);
    INDArray ids = TestModels.ids(5, 2, TestModels.TOKENS);
    INDArray hole = mask(TestModels.TOKENS, 4, 8);
    hole.putScalar(0, 6, 1f);
    refuses(config, ids, hole, "mask of text 0: found 1.0 at position 6 after 4 ones; expected ones and then zeros, no holes");
    refuses(config, ids, mask(TestModels.TOKENS, 4, 3), "text 1 has 3 tokens; expected at least one patch, and whole patches of 2");
    refuses(config, ids, mask(TestModels.TOKENS, 4, 0), "text 1 has 0 tokens; expected at least one patch");
    refuses(config, ids, mask(6, 4, 6), "mask has shape [2, 6]; expected [2, 8]");
    refuses(config, ids, mask(TestModels.TOKENS, 4), "mask has shape [1, 8]; expected [2, 8]");
    refuses(config, TestModels.ids(5, 2, 10), mask(10, 4, 8), "texts are padded to 10 tokens; expected at most contextLength 8");
    INDArray beyond = ids.dup().putScalar(1, 3, TestModels.VOCAB);
    refuses(config, beyond, mask(TestModels.TOKENS, 4, 4), "id 5 at position 3 of text 1; expected 0 to 4");
    MultiDataSet two = new MultiDataSet(new INDArray[] {ids}, new INDArray[] {ids}, new INDArray[] {mask(TestModels.TOKENS, 4, 8)},
        new INDArray[] {mask(TestModels.TOKENS, 8, 8)});
    String message = assertThrows(IllegalArgumentException.class, () -> network(config, KernelChoice.AUTO).fit(two)).getMessage();
    assertEquals("features mask and labels mask differ; expected one mask for both", message);
  }

  private static void refuses(TarFlowConfig config, INDArray ids, INDArray mask, String expected) {
    MultiDataSet batch = new MultiDataSet(new INDArray[] {ids}, new INDArray[] {ids}, new INDArray[] {mask}, null);
    String message = assertThrows(IllegalArgumentException.class, () -> network(config, KernelChoice.AUTO).fit(batch)).getMessage();
    assertTrue(message.startsWith(expected), message);
  }

  private static INDArray mask(int time, int... lengths) {
    INDArray mask = Nd4j.zeros(DataType.FLOAT, lengths.length, time);
    for (int b = 0; b < lengths.length; b++) {
      for (int t = 0; t < lengths[b]; t++) {
        mask.putScalar(b, t, 1f);
      }
    }
    return mask;
  }

  private static Map<String, INDArray> gradients(ComputationGraph network, MultiDataSet data) {
    network.setInputs(data.getFeatures());
    network.setLabels(data.getLabels());
    network.setLayerMaskArrays(data.getFeaturesMaskArrays(), data.getLabelsMaskArrays());
    network.computeGradientAndScore();
    network.clearLayerMaskArrays();
    Map<String, INDArray> result = new LinkedHashMap<>();
    network.gradient().gradientForVariable().forEach((name, array) -> result.put(name, array.dup()));
    return result;
  }
}
