package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class CodebookGridTest {
  private static INDArray filled(int tokens, int channels, double scale) {
    INDArray means = Nd4j.zeros(DataType.DOUBLE, tokens, channels);
    CodebookGrid.fill(means, scale);
    return means;
  }

  @Test
  void twentySevenTokensInFiveChannelsStandOnCornersOfACube() {
    INDArray means = filled(27, 5, 1.5);
    assertArrayEquals(new double[] {-1.5, -1.5, -1.5, -1.5, -1.5}, means.getRow(0).toDoubleVector());
    assertArrayEquals(new double[] {1.5, 1.5, -1.5, 1.5, -1.5}, means.getRow(0b11010).toDoubleVector());
  }

  @ParameterizedTest
  @CsvSource({"2, 1, 2", "27, 5, 2", "32, 5, 2", "33, 5, 3", "256, 5, 4", "50257, 16, 2", "27, 2, 6", "7, 1, 7"})
  void levelsAreTheFewestWithRoom(int tokens, int channels, int levels) {
    assertEquals(levels, CodebookGrid.levels(tokens, channels));
  }

  /** Whatever the number of levels, a full grid has the asked standard deviation in each channel and mean 0. */
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
