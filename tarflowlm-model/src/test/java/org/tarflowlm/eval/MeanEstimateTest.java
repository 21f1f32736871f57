package org.tarflowlm.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class MeanEstimateTest {
  @Test
  void theErrorIsThatOfTheMean() {
    MeanEstimate estimate = MeanEstimate.of(new double[] {1, 2, 3, 6});
    assertEquals(3.0, estimate.mean(), 1e-12);
    assertEquals(Math.sqrt((4.0 + 1 + 0 + 9) / 3 / 4), estimate.standardError(), 1e-12);
    assertEquals(Double.NaN, MeanEstimate.of(new double[] {5}).standardError());
  }

  @Test
  void whatPairsHaveInCommonIsNoError() {
    MeanEstimate difference = MeanEstimate.ofDifferences(new double[] {101, 202, 303}, new double[] {100, 201, 302});
    assertEquals(new MeanEstimate(1.0, 0.0), difference);
  }

  @Test
  void badInputIsNamed() {
    assertEquals("there are no values; expected at least one",
        assertThrows(IllegalArgumentException.class, () -> MeanEstimate.of(new double[0])).getMessage());
    assertEquals("there are 1 values and 2 others; expected pairs", assertThrows(IllegalArgumentException.class,
        () -> MeanEstimate.ofDifferences(new double[1], new double[2])).getMessage());
  }
}
