package org.tarflowlm.flow;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class TokenFilterTest {
  private static double[] probabilities(TokenFilter filter) {
    double[] logits = {Math.log(0.1), Math.log(0.4), Math.log(0.2), Math.log(0.3)};
    filter.apply(logits, new double[4]);
    double total = 0;
    for (int k = 0; k < 4; k++) {
      assertTrue(Double.isFinite(logits[k]));
      logits[k] = Math.exp(logits[k]);
      total += logits[k];
    }
    for (int k = 0; k < 4; k++) {
      logits[k] /= total;
    }
    return logits;
  }

  @Test
  void temperatureThenTopKThenTopP() {
    assertArrayEquals(new double[] {0.1, 0.4, 0.2, 0.3}, probabilities(TokenFilter.NONE), 1e-12);
    assertArrayEquals(new double[] {0.01 / 0.3, 0.16 / 0.3, 0.04 / 0.3, 0.09 / 0.3}, probabilities(new TokenFilter(0.5, 0, 1.0, 0)), 1e-12);
    assertArrayEquals(new double[] {0, 4 / 7.0, 0, 3 / 7.0}, probabilities(new TokenFilter(1.0, 2, 1.0, 0)), 1e-12);
    assertArrayEquals(new double[] {0, 4 / 7.0, 0, 3 / 7.0}, probabilities(new TokenFilter(1.0, 0, 0.5, 0)), 1e-12);
    assertArrayEquals(new double[] {0, 1, 0, 0}, probabilities(new TokenFilter(1.0, 0, 0.01, 0)), 1e-12);
    // of the two that top-k keeps, the first has 4/7
    assertArrayEquals(new double[] {0, 1, 0, 0}, probabilities(new TokenFilter(1.0, 2, 0.5, 0)), 1e-12);
    assertArrayEquals(new double[] {0.1, 0.4, 0.2, 0.3}, probabilities(new TokenFilter(1.0, 9, 1.0, 0)), 1e-12);
  }

  @Test
  void minPKeepsWhatHasAShareOfTheMostProbable() {
    assertArrayEquals(new double[] {0, 4 / 9.0, 2 / 9.0, 3 / 9.0}, probabilities(new TokenFilter(1.0, 0, 1.0, 0.4999)), 1e-12);
    assertArrayEquals(new double[] {0, 4 / 7.0, 0, 3 / 7.0}, probabilities(new TokenFilter(1.0, 0, 1.0, 0.6)), 1e-12);
    assertArrayEquals(new double[] {0, 1, 0, 0}, probabilities(new TokenFilter(1.0, 0, 1.0, 1.0)), 1e-12);
    // temperature 0.5 squares the shares
    assertArrayEquals(new double[] {0, 16 / 25.0, 0, 9 / 25.0}, probabilities(new TokenFilter(0.5, 0, 1.0, 0.3)), 1e-12);
  }
}
