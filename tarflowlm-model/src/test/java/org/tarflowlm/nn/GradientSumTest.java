package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.KernelChoice;

/** One update sums the gradients of several batches. */
class GradientSumTest {
  private static MultiDataSet of(INDArray ids, INDArray noise) {
    return new MultiDataSet(ids, noise == null ? ids : noise);
  }

  /**
   * Runs our update and DL4J's own (stock ops), clipped and not, and compares them with one batch of all rows and the same noise. From a
   * gradient that is rounding alone, Adam makes an update as large as the rate, 1e-2.
   */
  @ParameterizedTest
  @CsvSource({"FUSED, 1e-3, FLOAT, 3e-3", "FUSED, 0, FLOAT, 3e-3", "COMPOSED, 1e-3, DOUBLE, 1e-8"})
  void twoBatchesMoveTheWeightsAsOneOfAllRows(KernelChoice kernels, double clip, DataType type, double tolerance) {
    TarFlowConfig config = TestModels.stack(1, FlowSpec.tiedMixD(1, TestModels.VOCAB, Direction.LEFT_TO_RIGHT),
        FlowSpec.affine(1, Direction.RIGHT_TO_LEFT));
    OptimizerSpec optimizer = OptimizerSpec.constant(1e-2).withWeightDecay(0.01).withClipNorm(clip);
    ComputationGraph one = TarFlowNetwork.create(config, optimizer, 10, 3, kernels, List.of(), type);
    ComputationGraph two = TarFlowNetwork.create(config, optimizer, 10, 3, kernels, List.of(), type);
    for (int step = 0; step < 3; step++) {
      INDArray ids = TestModels.pattern(step, 5, TestModels.TOKENS);
      INDArray noise = EncoderNoise.draw(1, step, type, 5, TestModels.TOKENS, config.latentDim());
      one.fit(of(ids, noise));
      TarFlowNetwork.Step taken = TarFlowNetwork.step(two, List.of(part(ids, noise, 0, 3), part(ids, noise, 3, 5)));
      assertFalse(taken.skipped());
      assertEquals(step + 1, two.getIterationCount());
    }
    assertTrue(one.params().equalsWithEps(two.params(), tolerance),
        () -> "largest difference " + one.params().sub(two.params()).amaxNumber());
  }

  private static MultiDataSet part(INDArray ids, INDArray noise, int from, int to) {
    INDArray rows = Nd4j.createFromArray(java.util.stream.IntStream.range(from, to).toArray());
    return of(ids.getRows(rows.toIntVector()).dup('c'), Nd4j.concat(0, java.util.stream.IntStream.range(from, to)
        .mapToObj(i -> noise.slice(i).reshape(1, noise.size(1), noise.size(2)).dup('c')).toArray(INDArray[]::new)));
  }

  /** Batches of one update draw different noise. */
  @ParameterizedTest
  @CsvSource({"1", "2"})
  void eachBatchHasADrawOfItsOwn(int batches) {
    ComputationGraph network = TarFlowNetwork.create(TestModels.everyCoupling(1), OptimizerSpec.constant(0.0).withWeightDecay(0.0)
        .withClipNorm(0.0),
        10, 3);
    INDArray ids = TestModels.ids(1, 2, TestModels.TOKENS);
    List<MultiDataSet> together = java.util.Collections.nCopies(batches, of(ids, null));
    double first = TarFlowNetwork.step(network, together).loss();
    double second = TarFlowNetwork.step(network, together).loss();
    assertTrue(first != second);
    double[] single = new double[2 * batches];
    ComputationGraph other = TarFlowNetwork.create(TestModels.everyCoupling(1), OptimizerSpec.constant(0.0).withWeightDecay(0.0)
        .withClipNorm(0.0),
        10, 3);
    for (int i = 0; i < single.length; i++) {
      other.fit(of(ids, null));
      single[i] = other.score();
    }
    assertEquals(java.util.Arrays.stream(single, 0, batches).average().orElseThrow(), first, 1e-6);
    assertEquals(java.util.Arrays.stream(single, batches, 2 * batches).average().orElseThrow(), second, 1e-6);
  }
}
