package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;

class EncoderNoiseTest {
  private static final int COUNT = 20_000;

  private static double[] draw(long seed, long draw) {
    return EncoderNoise.draw(seed, draw, DataType.FLOAT, COUNT).castTo(DataType.DOUBLE).data().asDouble();
  }

  private static double correlation(double[] a, double[] b, int shift) {
    double sum = 0;
    for (int i = 0; i + shift < COUNT; i++) {
      sum += a[i + shift] * b[i];
    }
    return sum / (COUNT - shift);
  }

  /** A stream that is another one moved along would let a model learn the noise by heart. */
  @Test
  void drawsAreIndependentAtEveryShift() {
    double[] first = draw(1, 10);
    for (double[] other : new double[][] {draw(1, 11), draw(2, 10), draw(1, 12)}) {
      for (int shift = 0; shift < 8; shift++) {
        assertTrue(Math.abs(correlation(first, other, shift)) < 5 / Math.sqrt(COUNT));
        assertTrue(Math.abs(correlation(other, first, shift)) < 5 / Math.sqrt(COUNT));
      }
    }
  }

  @Test
  void aDrawRepeats() {
    assertEquals(EncoderNoise.draw(1, 10, DataType.FLOAT, 3, 4), EncoderNoise.draw(1, 10, DataType.FLOAT, 3, 4));
  }
}
