package org.tarflowlm.data.latent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Streams of different seeds, workers and draws are independent from their first numbers on. */
class GaussianNoiseTest {
  private static final long[] ARGUMENTS = {
      0, 1, 2, 3, 7, 42, -1, -2, 1L << 32, -(1L << 32), Long.MAX_VALUE, Long.MIN_VALUE, 0x9E3779B97F4A7C15L};
  private static final int GRID = 40;
  private static final int FIRST = 4;

  @Test
  void numbersDependOnTheirPositionAlone() {
    float[] few = new GaussianNoise(5, 1).draw(9, 7);
    float[] many = new GaussianNoise(5, 1).draw(9, 1000);

    assertArrayEquals(few, Arrays.copyOf(many, 7));
  }

  @Test
  void noTwoStreamsBeginAlike() {
    Set<String> beginnings = new HashSet<>();
    int streams = 0;
    for (long seed : ARGUMENTS) {
      for (long draw : ARGUMENTS) {
        for (int worker : new int[] {0, 1, 2, 7, -1, Integer.MAX_VALUE}) {
          beginnings.add(Arrays.toString(new GaussianNoise(seed, worker).draw(draw, FIRST)));
          streams++;
        }
      }
    }

    assertEquals(streams, beginnings.size());
  }

  @Test
  void seedAndDrawAndWorkerAreNotExchangeable() {
    for (int a = 0; a < GRID; a++) {
      for (int b = 0; b < a; b++) {
        assertDiffer(new GaussianNoise(a, 0).draw(b, FIRST), new GaussianNoise(b, 0).draw(a, FIRST));
        assertDiffer(new GaussianNoise(a, b).draw(0, FIRST), new GaussianNoise(b, a).draw(0, FIRST));
        assertDiffer(new GaussianNoise(0, a).draw(b, FIRST), new GaussianNoise(0, b).draw(a, FIRST));
      }
    }
  }

  /** Checks the first numbers of many streams: moments, tails, the largest value, and correlations between neighbouring streams. */
  @Test
  void firstNumbersOfManyStreamsAreStandardNormal() {
    int count = GRID * GRID * 3;
    double[][] first = new double[FIRST][count];
    int row = 0;
    for (int seed = 0; seed < GRID; seed++) {
      for (int draw = 0; draw < GRID; draw++) {
        for (int worker = 0; worker < 3; worker++) {
          float[] numbers = new GaussianNoise(seed, worker).draw(draw, FIRST);
          for (int i = 0; i < FIRST; i++) {
            first[i][row] = numbers[i];
          }
          row++;
        }
      }
    }

    double tolerance = 5 / Math.sqrt(count); // five standard errors
    for (int i = 0; i < FIRST; i++) {
      assertBetween(-tolerance, tolerance, moment(first[i], 1));
      assertBetween(1 - 1.5 * tolerance, 1 + 1.5 * tolerance, moment(first[i], 2));
      assertBetween(-4 * tolerance, 4 * tolerance, moment(first[i], 3));
      assertBetween(3 - 10 * tolerance, 3 + 10 * tolerance, moment(first[i], 4));
      assertBetween(3.0, 5.5, Arrays.stream(first[i]).map(Math::abs).max().orElseThrow());
      assertBetween(0, 1.95 / Math.sqrt(count), kolmogorov(first[i])); // a right generator exceeds it once in 1,000 runs
      for (int j = 0; j < i; j++) {
        assertBetween(-tolerance, tolerance, correlation(first[i], first[j], 0));
      }
      for (int lag : new int[] {1, 3, 3 * GRID}) { // the next worker, draw and seed
        assertBetween(-tolerance, tolerance, correlation(first[i], first[i], lag));
      }
    }
  }

  private static void assertDiffer(float[] a, float[] b) {
    assertFalse(Arrays.equals(a, b), Arrays.toString(a));
  }

  private static void assertBetween(double low, double high, double value) {
    assertTrue(low <= value && value <= high, value + " is not between " + low + " and " + high);
  }

  private static double moment(double[] x, int power) {
    return Arrays.stream(x).map(v -> Math.pow(v, power)).average().orElseThrow();
  }

  private static double correlation(double[] x, double[] y, int lag) {
    double sum = 0;
    for (int i = lag; i < x.length; i++) {
      sum += x[i] * y[i - lag];
    }
    return sum / (x.length - lag);
  }

  /** The largest distance between the empirical distribution function and Phi. */
  private static double kolmogorov(double[] x) {
    double[] sorted = x.clone();
    Arrays.sort(sorted);
    double largest = 0;
    for (int i = 0; i < sorted.length; i++) {
      double phi = normalCdf(sorted[i]);
      largest = Math.max(largest, Math.max((i + 1.0) / sorted.length - phi, phi - (double) i / sorted.length));
    }
    return largest;
  }

  /** Phi by Simpson's rule from 0; the error is below 1e-9 here. */
  private static double normalCdf(double x) {
    int steps = 200;
    double h = x / steps;
    double sum = density(0) + density(x);
    for (int i = 1; i < steps; i++) {
      sum += (i % 2 == 0 ? 2 : 4) * density(i * h);
    }
    return 0.5 + sum * h / 3;
  }

  private static double density(double x) {
    return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  }
}
