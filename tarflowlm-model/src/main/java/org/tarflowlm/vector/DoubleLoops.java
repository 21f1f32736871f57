package org.tarflowlm.vector;

/** Inner loops over double arrays that the couplings share, and a fast exponential. */
public final class DoubleLoops {
  private static final int TABLE_BITS = 7;
  private static final int TABLE_SIZE = 1 << TABLE_BITS;
  private static final double[] POWERS = new double[TABLE_SIZE];
  private static final double STEPS_PER_UNIT = TABLE_SIZE / Math.log(2.0);
  /** log(2) / 128 in two parts, the first with so few digits that its multiples are exact. */
  private static final double STEP_HIGH = 0x1.62e42fep-8;
  private static final double STEP_LOW = 0x1.f473de6af278fp-37;
  /** Adding 1.5 * 2^52 rounds to a whole number and leaves it in the low bits. */
  private static final double ROUNDER = 0x1.8p52;
  private static final double LARGEST_EXPONENT = 700.0;
  private static final double LOG2_E = 1.4426950408889634;
  private static final double LOWEST_POWER = -900.0;
  private static final int MANTISSA_BITS = 52;

  static {
    for (int i = 0; i < TABLE_SIZE; i++) {
      POWERS[i] = Math.pow(2.0, (double) i / TABLE_SIZE);
    }
  }

  private DoubleLoops() {}

  /**
   * exp(x) with a relative error of about 1e-16, but 0 for x &lt; -700, in half the time of {@code Math.exp}. It splits
   * x = n log(2) / 128 + r and multiplies 2^(n / 128), from a table and an exponent, by a polynomial in the small r.
   */
  public static double exp(double x) {
    if (!(Math.abs(x) <= LARGEST_EXPONENT)) {
      return x < 0 ? 0.0 : Math.exp(x);
    }
    double shifted = x * STEPS_PER_UNIT + ROUNDER;
    long n = Double.doubleToRawLongBits(shifted);
    double steps = shifted - ROUNDER;
    double r = x - steps * STEP_HIGH - steps * STEP_LOW;
    double r2 = r * r;
    double expm1 = r + r2 * (0.5 + r * (1.0 / 6.0) + r2 * (1.0 / 24.0 + r * (1.0 / 120.0)));
    double power = POWERS[(int) n & (TABLE_SIZE - 1)];
    return Double.longBitsToDouble(Double.doubleToRawLongBits(power + power * expm1) + (n >> TABLE_BITS << 52));
  }

  /**
   * y = exp(x) for x &lt;= 0, clamped to at least -623, with a relative error of about 1e-13. Vectorised except for the exponents, it is
   * faster than {@link #exp(double)}. {@code steps} is a temporary.
   */
  public static void exp(double[] x, double[] y, double[] steps, int n) {
    for (int i = 0; i < n; i++) {
      double v = Math.max(x[i] * LOG2_E, LOWEST_POWER);
      double step = v + ROUNDER;
      steps[i] = step;
      y[i] = power(v - (step - ROUNDER));
    }
    addExponent(y, steps, n);
  }

  /** y = exp(-x^2 / 2), like {@link #exp(double[], double[], double[], int)}. */
  public static void gauss(double[] x, double[] y, double[] steps, int n) {
    for (int i = 0; i < n; i++) {
      double v = Math.max(x[i] * x[i] * (-0.5 * LOG2_E), LOWEST_POWER);
      double step = v + ROUNDER;
      steps[i] = step;
      y[i] = power(v - (step - ROUNDER));
    }
    addExponent(y, steps, n);
  }

  /** 2^r for r in [-1/2, 1/2], the first twelve terms of its series. */
  private static double power(double r) {
    double p = 4.44553827187081e-10;
    p = p * r + 7.054911620801121e-9;
    p = p * r + 1.0178086009239696e-7;
    p = p * r + 1.3215486790144305e-6;
    p = p * r + 1.5252733804059838e-5;
    p = p * r + 1.5403530393381606e-4;
    p = p * r + 1.3333558146428441e-3;
    p = p * r + 9.618129107628477e-3;
    p = p * r + 5.5504108664821576e-2;
    p = p * r + 2.402265069591007e-1;
    p = p * r + 6.931471805599453e-1;
    return p * r + 1.0;
  }

  /** y *= 2^count by integer addition, with the count in the low bits of the step. */
  private static void addExponent(double[] y, double[] steps, int n) {
    for (int i = 0; i < n; i++) {
      long exponent = Double.doubleToRawLongBits(steps[i]) << MANTISSA_BITS;
      y[i] = Double.longBitsToDouble(Double.doubleToRawLongBits(y[i]) + exponent);
    }
  }

  /** All ones for negative numbers and -0.0, else zero. */
  public static long negativeMask(double x) {
    return Double.doubleToRawLongBits(x) >> 63;
  }

  /** {@code a} if the mask is all ones, {@code b} if it is zero, without a branch, which data would mispredict half the time. */
  public static double select(long mask, double a, double b) {
    return Double.longBitsToDouble(Double.doubleToRawLongBits(a) & mask | Double.doubleToRawLongBits(b) & ~mask);
  }

  /** Largest of values[at .. at + count). */
  public static double max(double[] values, int at, int count) {
    double max = values[at];
    for (int j = at + 1; j < at + count; j++) {
      max = values[j] > max ? values[j] : max;
    }
    return max;
  }

  /** Index of the largest of the first {@code count} numbers; of equal ones, the first. */
  public static int indexOfMax(double[] values, int count) {
    int best = 0;
    for (int j = 1; j < count; j++) {
      best = values[j] > values[best] ? j : best;
    }
    return best;
  }

  /** Largest absolute value of values[at .. at + count). */
  public static double maxAbs(double[] values, int at, int count) {
    double max = 0.0;
    for (int j = at; j < at + count; j++) {
      max = Math.max(max, Math.abs(values[j]));
    }
    return max;
  }

  /** target_j = exp(values_j - shift) for j from 0; returns their sum. */
  public static double expInto(double[] values, int at, double shift, double[] target, int targetAt, int count) {
    double sum = 0.0;
    for (int j = 0; j < count; j++) {
      double e = exp(values[at + j] - shift);
      target[targetAt + j] = e;
      sum += e;
    }
    return sum;
  }

  /** log sum_j exp(values_j). */
  public static double logSumExp(double[] values, int at, int count) {
    double max = max(values, at, count);
    if (max == Double.NEGATIVE_INFINITY) {
      return max;
    }
    double sum = 0.0;
    for (int j = at; j < at + count; j++) {
      sum += exp(values[j] - max);
    }
    return max + Math.log(sum);
  }

  public static void scale(double[] values, int at, int count, double factor) {
    for (int j = at; j < at + count; j++) {
      values[j] *= factor;
    }
  }

  /** Sums with four accumulators, because each addition must wait for the one before. */
  public static double sum(double[] values, int at, int count) {
    double a = 0.0;
    double b = 0.0;
    double c = 0.0;
    double d = 0.0;
    int end = at + count;
    int j = at;
    for (; j < end - 3; j += 4) {
      a += values[j];
      b += values[j + 1];
      c += values[j + 2];
      d += values[j + 3];
    }
    for (; j < end; j++) {
      a += values[j];
    }
    return (a + b) + (c + d);
  }
}
