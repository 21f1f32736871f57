package org.tarflowlm.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tarflowlm.coupling.LaneWorkspace;
import org.tarflowlm.coupling.Lanes;
import org.tarflowlm.coupling.Normal;

/** The approximations of single precision against double precision over their ranges, and sums and copies of lanes. */
class LaneMathTest {
  private static final int N = 100_001;
  private final float[] y = new float[N];
  private final float[] temporary = new float[N];

  private static float[] range(double from, double to) {
    float[] x = new float[N];
    for (int i = 0; i < N; i++) {
      x[i] = (float) (from + (to - from) * i / (N - 1));
    }
    return x;
  }

  /** |y - f(x)| at most (relative + perUnit |x|) |f(x)| + absolute. */
  private void assertClose(float[] x, DoubleUnaryOperator f, double relative, double perUnit, double absolute) {
    for (int i = 0; i < N; i++) {
      double expected = f.applyAsDouble(x[i]);
      assertEquals(expected, y[i], (relative + perUnit * Math.abs(x[i])) * Math.abs(expected) + absolute, "at " + x[i]);
    }
  }

  @Test
  void exponentials() {
    float[] x = range(-80, 80);
    LaneMath.exp(x, y, temporary, N);
    assertClose(x, Math::exp, 3e-7, 1.5e-7, 0);
    LaneMath.expNegative(x, y, temporary, N);
    assertClose(x, v -> Math.exp(-v), 3e-7, 1.5e-7, 0);
    x = range(-12, 12);
    LaneMath.gauss(x, y, temporary, N);
    assertClose(x, v -> Math.exp(-0.5 * v * v), 3e-7, 12 * 1.5e-7, 0);
  }

  @Test
  void exponentialsBeyondTheRangeAreCut() {
    float[] x = {-81, -1e4f, -3e38f, Float.NEGATIVE_INFINITY};
    LaneMath.exp(x, y, temporary, x.length);
    for (int i = 0; i < x.length; i++) {
      assertEquals(Math.exp(-80), y[i], 1e-37);
    }
    x = new float[] {0, 81, 1e4f, 3e38f, Float.POSITIVE_INFINITY};
    LaneMath.exp(x, y, temporary, x.length);
    assertEquals(1f, y[0]);
    for (int i = 1; i < x.length; i++) {
      assertEquals(Math.exp(80), y[i], 1e30);
    }
  }

  @Test
  void logarithm() {
    float[] x = range(1e-3, 5);
    LaneMath.log(x, y, temporary, N);
    assertClose(x, Math::log, 2.5e-7, 0, 3e-8);
    x = range(-86, 86);
    for (int i = 0; i < N; i++) {
      x[i] = (float) Math.exp(x[i]);
    }
    LaneMath.log(x, y, temporary, N);
    assertClose(x, Math::log, 2.5e-7, 0, 3e-8);
  }

  @Test
  void millsRatio() {
    for (double bound : new double[] {3, 50, 1e6}) {
      float[] x = range(-bound, bound);
      LaneMath.mills(x, y, N);
      assertClose(x, v -> Normal.upperMills(Math.abs(v)), 6e-7, 0, 0);
    }
  }

  @Test
  void quantile() {
    float[] x = range(-84, Math.log(0.5));
    LaneMath.quantile(x, y, N);
    assertClose(x, v -> -Normal.quantileOfLog(v), 5e-7, 0, 3e-7);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "2, 5", "3, 4", "27, 13", "64, 1", "5, 300"})
  void sumsMaximaAndCopiesOfLanes(int k, int rows) {
    Random random = new Random(k);
    float[] source = new float[rows * (k + 2)];
    for (int i = 0; i < source.length; i++) {
      source[i] = (float) random.nextGaussian();
    }
    LaneWorkspace w = new LaneWorkspace();
    w.ensure(1, k, rows);
    float[] lanes = new float[k * rows];
    Lanes.gather(source, 1, k + 2, lanes, k, rows);
    float[] sums = new float[rows];
    float[] largest = new float[rows];
    Lanes.sum(lanes, k, rows, sums, w);
    Lanes.max(lanes, k, rows, largest, w);
    for (int row = 0; row < rows; row++) {
      double sum = 0;
      float max = Float.NEGATIVE_INFINITY;
      for (int j = 0; j < k; j++) {
        assertEquals(source[row * (k + 2) + 1 + j], lanes[j * rows + row]);
        sum += lanes[j * rows + row];
        max = Math.max(max, lanes[j * rows + row]);
      }
      assertEquals(sum, sums[row], 1e-5);
      assertEquals(max, largest[row]);
    }
    float[] back = source.clone();
    for (int row = 0; row < rows; row++) {
      for (int j = 0; j < k; j++) {
        back[row * (k + 2) + 1 + j] = 0;
      }
    }
    Lanes.scatter(lanes, k, rows, back, 1, k + 2);
    assertArrayEquals(source, back);
    float[] repeated = new float[k * rows];
    Lanes.repeat(sums, repeated, rows, k * rows);
    for (int i = 0; i < k * rows; i++) {
      assertEquals(sums[i % rows], repeated[i]);
    }
  }

  @Test
  void partsOfRowsFitIntoTheCache() {
    assertEquals(1, Lanes.rows(1, 27));
    assertEquals(1, Lanes.rows(40, 50_257));
    for (int count : new int[] {1, 7, 200, 331}) {
      for (int k : new int[] {1, 2, 27, 64, 3000}) {
        int rows = Lanes.rows(count, k);
        assertTrue(rows >= 1 && rows <= count && (rows == 1 || rows * k <= 4096), count + " rows, K = " + k);
      }
    }
  }
}
