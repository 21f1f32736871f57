package org.tarflowlm.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.CodebookSpec;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowLayer;
import org.tarflowlm.nn.TarFlowNetwork;

/** With 3 symbols and windows of 3 tokens, the test can enumerate all 27 sequences. */
class ImportanceWeightedTest {
  private static final int SYMBOLS = 3;
  private static final int TOKENS = 3;

  static Stream<List<FlowSpec>> stacks() {
    return Stream.of(
        List.of(FlowSpec.tiedMixD(1, SYMBOLS, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT)),
        List.of(FlowSpec.mix1(1, 3, Direction.RIGHT_TO_LEFT), FlowSpec.affine(1, Direction.LEFT_TO_RIGHT)));
  }

  /** Wide codes overlap, so that few samples give a good estimate. A little training breaks the symmetry. */
  private static TarFlowLayer model(List<FlowSpec> flows) {
    TarFlowConfig config = new TarFlowConfig(ModelType.TARFLOW, SYMBOLS, TOKENS, 2, 8, 2, 1, null, flows,
        new CodebookSpec(0.5, CodebookSpec.SigmaMode.FIXED, null, null), null, 8, null);
    ComputationGraph network = TarFlowNetwork.create(config, OptimizerSpec.constant(1e-2), 100, 5);
    INDArray ids = Nd4j.createFromArray(0, 1, 2, 0, 0, 1, 2, 1, 0, 0, 1, 1).reshape(4, TOKENS);
    for (int i = 0; i < 40; i++) {
      network.fit(new MultiDataSet(ids, ids));
    }
    return TarFlowNetwork.layer(network);
  }

  private static int[] sequence(int number) {
    return new int[] {number / 9, number / 3 % 3, number % 3};
  }

  @ParameterizedTest
  @MethodSource("stacks")
  void likelihoodsOfAllSequencesSumToOne(List<FlowSpec> flows) {
    ImportanceWeighted bound = new ImportanceWeighted(model(flows), 3, 4096);
    double sum = 0;
    for (int i = 0; i < 27; i++) {
      sum += Math.exp(bound.logLikelihood(sequence(i), i));
    }
    assertEquals(1.0, sum, 0.03);
  }

  @Test
  void theBoundRisesWithTheNumberOfSamples() {
    TarFlowLayer layer = model(stacks().findFirst().orElseThrow());
    double[] means = new double[3];
    int[] samples = {1, 8, 512};
    for (int k = 0; k < samples.length; k++) {
      int repeats = 4096 / samples[k];
      ImportanceWeighted bound = new ImportanceWeighted(layer, 4, samples[k]);
      for (int repeat = 0; repeat < repeats; repeat++) {
        means[k] += bound.logLikelihood(sequence(5), repeat) / repeats;
      }
    }
    assertTrue(means[0] < means[1] && means[1] < means[2], means[0] + " " + means[1] + " " + means[2]);
  }
}
