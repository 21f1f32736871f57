package org.tarflowlm.init;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.CodebookSpec;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;

class CodebookGridTest {
  private static INDArray filled(int tokens, int channels, double scale) {
    INDArray means = Nd4j.zeros(DataType.DOUBLE, tokens, channels);
    GridOrder.fill(means, scale, List.of());
    return means;
  }

  @Test
  void twentySevenTokensInFiveChannelsStandOnCornersOfACube() {
    INDArray means = filled(27, 5, 1.5);
    assertArrayEquals(new double[] {-1.5, -1.5, -1.5, -1.5, -1.5}, means.getRow(0).toDoubleVector());
    assertArrayEquals(new double[] {1.5, 1.5, -1.5, 1.5, -1.5}, means.getRow(0b11010).toDoubleVector());
  }

  @Test
  void anOrderSaysWhichTokenTakesWhichPoint() {
    INDArray means = Nd4j.zeros(DataType.DOUBLE, 3, 2);
    GridOrder.fill(means, 1, List.of(2, 0, 1));
    assertArrayEquals(new double[] {-1, -1}, means.getRow(2).toDoubleVector());
    assertArrayEquals(new double[] {-1, 1}, means.getRow(0).toDoubleVector());
    assertArrayEquals(new double[] {1, -1}, means.getRow(1).toDoubleVector());
  }

  /** Two components per channel stand on the two levels; more components share them. */
  @ParameterizedTest
  @ValueSource(ints = {2, 5})
  void componentsOfAFirstFlowStartOnTheLevels(int k) {
    CodebookSpec codebook = new CodebookSpec(0.5, CodebookSpec.SigmaMode.FIXED, null, 2.0, CodebookSpec.Layout.GRID, null, null);
    TarFlowConfig config = new TarFlowConfig(ModelType.TARFLOW, 8, 4, 3, 8, 2, 1, false,
        List.of(FlowSpec.mix1(1, k, Direction.LEFT_TO_RIGHT)), codebook, null, 16, null);
    ComputationGraph network = TarFlowNetwork.create(config, OptimizerSpec.defaults(), 10, 1);
    INDArray bias = TarFlowNetwork.parameters(network).get("flow0.maf.out.bias");
    for (int channel = 0; channel < 3; channel++) {
      for (int i = 0; i < k; i++) {
        assertEquals(i % 2 == 0 ? -2 : 2, bias.getDouble(3L * k * channel + k + i), 1e-6);
        double raw = bias.getDouble(3L * k * channel + 2L * k + i);
        assertEquals(Math.log(0.5), config.logScaleBound() * Math.tanh(raw / config.logScaleBound()), 1e-6);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"2, 1, 2", "27, 5, 2", "32, 5, 2", "33, 5, 3", "256, 5, 4", "50257, 16, 2", "27, 2, 6", "7, 1, 7"})
  void levelsAreTheFewestWithRoom(int tokens, int channels, int levels) {
    assertEquals(levels, GridOrder.levels(tokens, channels));
  }

  /** Whatever the number of levels, each channel of a full grid has the configured standard deviation and mean 0. */
  @ParameterizedTest
  @CsvSource({"32, 5", "81, 4", "256, 4", "7, 1"})
  void eachTokenHasAPointOfItsOwnAndEachChannelTheAskedSpread(int tokens, int channels) {
    INDArray means = filled(tokens, channels, 2);
    Set<String> points = new HashSet<>();
    for (int token = 0; token < tokens; token++) {
      points.add(Arrays.toString(means.getRow(token).toDoubleVector()));
    }
    assertEquals(tokens, points.size());
    for (int channel = 0; channel < channels; channel++) {
      assertEquals(0, means.getColumn(channel).meanNumber().doubleValue(), 1e-12);
      assertEquals(2, Math.sqrt(means.getColumn(channel).mul(means.getColumn(channel)).meanNumber().doubleValue()), 1e-12);
    }
  }
}
