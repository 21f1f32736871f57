package org.tarflowlm.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.tarflowlm.coupling.Normal;

/** Compares the single-precision approximations with double precision over their ranges. */
class FloatMathTest {
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

  /** Checks that |y - f(x)| is at most (relative + perUnit |x|) |f(x)| + absolute. */
  private void assertClose(float[] x, DoubleUnaryOperator f, double relative, double perUnit, double absolute) {
    for (int i = 0; i < N; i++) {
      double expected = f.applyAsDouble(x[i]);
      assertEquals(expected, y[i], (relative + perUnit * Math.abs(x[i])) * Math.abs(expected) + absolute, "at " + x[i]);
    }
  }

  @Test
  void exponentials() {
    float[] x = range(-80, 80);
    FloatMath.exp(x, y, temporary, N);
    assertClose(x, Math::exp, 3e-7, 1.5e-7, 0);
    FloatMath.expNegative(x, y, temporary, N);
    assertClose(x, v -> Math.exp(-v), 3e-7, 1.5e-7, 0);
    x = range(-12, 12);
    FloatMath.gauss(x, y, temporary, N);
    assertClose(x, v -> Math.exp(-0.5 * v * v), 3e-7, 12 * 1.5e-7, 0);
  }

  @Test
  void exponentialsBeyondTheRangeAreCut() {
    float[] x = {-81, -1e4f, -3e38f, Float.NEGATIVE_INFINITY};
    FloatMath.exp(x, y, temporary, x.length);
    for (int i = 0; i < x.length; i++) {
      assertEquals(Math.exp(-80), y[i], 1e-37);
    }
    x = new float[] {0, 81, 1e4f, 3e38f, Float.POSITIVE_INFINITY};
    FloatMath.exp(x, y, temporary, x.length);
    assertEquals(1f, y[0]);
    for (int i = 1; i < x.length; i++) {
      assertEquals(Math.exp(80), y[i], 1e30);
    }
  }

  @Test
  void logarithm() {
    float[] x = range(1e-3, 5);
    FloatMath.log(x, y, temporary, N);
    assertClose(x, Math::log, 2.5e-7, 0, 3e-8);
    x = range(-86, 86);
    for (int i = 0; i < N; i++) {
      x[i] = (float) Math.exp(x[i]);
    }
    FloatMath.log(x, y, temporary, N);
    assertClose(x, Math::log, 2.5e-7, 0, 3e-8);
  }

  @Test
  void millsRatio() {
    for (double bound : new double[] {3, 50, 1e6}) {
      float[] x = range(-bound, bound);
      FloatMath.mills(x, y, N);
      assertClose(x, v -> Normal.upperMills(Math.abs(v)), 6e-7, 0, 0);
    }
  }

  @Test
  void quantile() {
    float[] x = range(-84, Math.log(0.5));
    FloatMath.quantile(x, y, N);
    assertClose(x, v -> -Normal.quantileOfLog(v), 5e-7, 0, 3e-7);
  }
}
