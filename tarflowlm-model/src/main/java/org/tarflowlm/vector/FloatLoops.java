package org.tarflowlm.vector;

/**
 * Loops over float arrays in the form that the JIT compiler (C2 of JDK 17) turns into vector instructions.
 *
 * <p>By measurement, it needs one small loop per method, no branches, and the same index into every array of the loop. With two different
 * offsets it must assume that the arrays overlap, and the loop runs several times slower. So the kernels lay out their scratch arrays
 * such that operands have equal indices (for instance, they repeat a bias to the size of a chunk). The compiler does not reorder a float
 * sum by itself, so a reduction needs several accumulators.
 */
public final class FloatLoops {
  private FloatLoops() {}

  /** Sum of x[from .. from + n). */
  public static float sum(float[] x, int from, int n) {
    return sum(x, from, n, false);
  }

  /**
   * Sum of x[from .. from + n) with eight accumulators, because each addition must wait for the one before.
   *
   * @param restFirst whether the last n mod 8 elements are added to the first accumulator or, if false, to the total; the choice affects
   *     the last bit
   */
  public static float sum(float[] x, int from, int n, boolean restFirst) {
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
    for (; restFirst && i < from + n; i++) {
      a += x[i];
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

  /** {@code x[i] += y[i]} over [from, to). */
  public static void add(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      x[i] += y[i];
    }
  }

  /** {@code target[i] = x[i] + y[i]} for {@code i < n}. */
  public static void add(float[] x, float[] y, float[] target, int n) {
    for (int i = 0; i < n; i++) {
      target[i] = x[i] + y[i];
    }
  }

  /** {@code sum[i] += a x[i] + b y[i] + c z[i]} for all of {@code sum}. */
  public static void addScaled(float[] sum, float a, float[] x, float b, float[] y, float c, float[] z) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += a * x[i] + b * y[i] + c * z[i];
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

  /** {@code target[i] = x[i] * y[i]} for {@code i < n}. */
  public static void multiply(float[] x, float[] y, float[] target, int n) {
    for (int i = 0; i < n; i++) {
      target[i] = x[i] * y[i];
    }
  }

  /** {@code target[i] = x[i] * y[i] * z[i]} for {@code i < n}. */
  public static void multiply(float[] x, float[] y, float[] z, float[] target, int n) {
    for (int i = 0; i < n; i++) {
      target[i] = x[i] * y[i] * z[i];
    }
  }

  /** {@code target[i] = a[i] - x[i] * y[i]} for {@code i < n}. */
  public static void subtractProduct(float[] a, float[] x, float[] y, float[] target, int n) {
    for (int i = 0; i < n; i++) {
      target[i] = a[i] - x[i] * y[i];
    }
  }

  /** {@code y[i] = 1 / x[i]} for {@code i < n}. */
  public static void invert(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = 1f / x[i];
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

  /** Repeats the first {@code period} elements until x[0 .. n) is filled; each copy doubles the filled part. */
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

  /** Like {@link #addRows}, with maxima. */
  public static void maxRows(float[] x, int period, int n, float[] spare) {
    for (int rows = n / period; rows > 1; rows = (rows + 1) / 2) {
      int kept = (rows + 1) / 2 * period;
      System.arraycopy(x, kept, spare, 0, rows * period - kept);
      max(x, spare, rows * period - kept);
    }
  }
}
