package org.tarflowlm.vector;

/**
 * Loops over float arrays in the form that the JIT compiler (C2 of JDK 17) turns into vector instructions.
 *
 * <p>What it needs, by measurement: one small loop a method, no branches, and the same index into every array of the loop.
 * With two different offsets it must assume that the arrays overlap, and the loop runs several times slower; so the kernels
 * lay out their scratch arrays such that operands stand at equal positions (a bias, for instance, is repeated to the size of a
 * chunk). It does not reorder a float sum by itself: a reduction needs several accumulators.
 */
public final class VectorMath {
  private VectorMath() {}

  /**
   * {@code x[i] = exp(x[i])} for {@code i < n}, {@code x[i] <= 0} (or slightly above); relative error below 1e-5 down to -20, exactly 0
   * from about -110.
   * exp(v) = p(v)^64 with a polynomial p fitted to exp(v / 64) on [-40, 0]; its degree is odd, so p falls below 0 far out, and
   * is cut off there.
   */
  public static void exp(float[] x, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = exp(x[i]);
    }
  }

  /** {@code x[i] = exp(x[i] - y[i])} for {@code i < n}. */
  public static void expOfDifference(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = exp(x[i] - y[i]);
    }
  }

  /** Also adds: {@code sum[i] += x[i]}. */
  public static void expOfDifference(float[] x, float[] y, float[] sum, int n) {
    for (int i = 0; i < n; i++) {
      float e = exp(x[i] - y[i]);
      x[i] = e;
      sum[i] += e;
    }
  }

  private static float exp(float v) {
    float p = 5.6912665e-12f;
    p = p * v + 2.3953408e-9f;
    p = p * v + 6.34015e-7f;
    p = p * v + 1.220545e-4f;
    p = p * v + 1.5624953e-2f;
    p = p * v + 1f;
    p = Math.max(p, 0f);
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    return p;
  }

  /** Sum of x[from .. from + n). */
  public static float sum(float[] x, int from, int n) {
    float a = 0;
    float b = 0;
    float c = 0;
    float d = 0;
    float e = 0;
    float f = 0;
    float g = 0;
    float h = 0;
    int i = from;
    int end = from + (n & ~7);
    for (; i < end; i += 8) {
      a += x[i];
      b += x[i + 1];
      c += x[i + 2];
      d += x[i + 3];
      e += x[i + 4];
      f += x[i + 5];
      g += x[i + 6];
      h += x[i + 7];
    }
    float result = ((a + b) + (c + d)) + ((e + f) + (g + h));
    for (; i < from + n; i++) {
      result += x[i];
    }
    return result;
  }

  /** Largest of x[from .. from + n), n >= 1. */
  public static float max(float[] x, int from, int n) {
    float result = x[from];
    for (int i = from + 1; i < from + n; i++) {
      result = Math.max(result, x[i]); // a comparison would be a branch, mispredicted on random data
    }
    return result;
  }

  /** {@code x[i] += y[i]} for {@code i < n}. */
  public static void add(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      x[i] += y[i];
    }
  }

  /** {@code sum[i] += x[i] * y[i]} for {@code i < n}. */
  public static void addProduct(float[] sum, float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      sum[i] += x[i] * y[i];
    }
  }

  /** {@code x[i] -= y[i]} for {@code i < n}. */
  public static void subtract(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      x[i] -= y[i];
    }
  }

  /** {@code x[i] *= y[i]} for {@code i < n}. */
  public static void multiply(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      x[i] *= y[i];
    }
  }

  /** {@code x[i] = max(x[i], y[i])} for {@code i < n}. */
  public static void max(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = Math.max(x[i], y[i]);
    }
  }

  /** x[i] -= value over [from, from + n). */
  public static void subtract(float[] x, int from, int n, float value) {
    for (int i = from; i < from + n; i++) {
      x[i] -= value;
    }
  }

  /** x[i] *= factor over [from, from + n). */
  public static void scale(float[] x, int from, int n, float factor) {
    for (int i = from; i < from + n; i++) {
      x[i] *= factor;
    }
  }

  /** Repeats the first {@code period} elements until x[0 .. n) is filled, doubling what is filled with each copy. */
  public static void repeat(float[] x, int period, int n) {
    for (int filled = period; filled < n; filled *= 2) {
      System.arraycopy(x, 0, x, filled, Math.min(filled, n - filled));
    }
  }

  /** Adds the rows of x [n / period, period] into its first row, using {@code spare} (n / 2 elements): pairwise, in a fixed order. */
  public static void addRows(float[] x, int period, int n, float[] spare) {
    for (int rows = n / period; rows > 1; rows = (rows + 1) / 2) {
      int kept = (rows + 1) / 2 * period;
      System.arraycopy(x, kept, spare, 0, rows * period - kept);
      add(x, spare, rows * period - kept);
    }
  }

  /** Like the sums, with maxima. */
  public static void maxRows(float[] x, int period, int n, float[] spare) {
    for (int rows = n / period; rows > 1; rows = (rows + 1) / 2) {
      int kept = (rows + 1) / 2 * period;
      System.arraycopy(x, kept, spare, 0, rows * period - kept);
      max(x, spare, rows * period - kept);
    }
  }
}
