package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.tarflowlm.backend.ForeignBackend;

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

  /** If one stream were another one shifted, a model could learn the noise by heart. */
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

  /** On another backend ND4J's generator draws. Two draws are as independent as here, and each repeats, whatever was drawn between. */
  @Test
  void noiseOfAStepIsDrawnWhereTheArraysAre() {
    try (ForeignBackend ignored = new ForeignBackend()) {
      for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
        double[] first = step(1, 10, type);
        double[] next = step(1, 11, type);
        double[] other = step(2, 10, type);
        assertArrayEquals(first, step(1, 10, type));
        double squares = correlation(first, first, 0);
        assertEquals(1, squares, 5 * Math.sqrt(2.0 / COUNT));
        for (int shift = 0; shift < 8; shift++) {
          assertTrue(Math.abs(correlation(first, next, shift)) < 5 / Math.sqrt(COUNT), "shift " + shift);
          assertTrue(Math.abs(correlation(first, other, shift)) < 5 / Math.sqrt(COUNT), "shift " + shift);
        }
      }
    }
    assertEquals(EncoderNoise.draw(1, 10, DataType.FLOAT, 3, 4), EncoderNoise.ofStep(1, 10, DataType.FLOAT, 3, 4));
  }

  private static double[] step(long seed, long draw, DataType type) {
    return EncoderNoise.ofStep(seed, draw, type, COUNT).castTo(DataType.DOUBLE).data().asDouble();
  }
}
