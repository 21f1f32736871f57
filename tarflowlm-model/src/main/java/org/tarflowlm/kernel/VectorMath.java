package org.tarflowlm.kernel;

/**
 * Loops over float arrays in a form that the JIT compiler turns into vector instructions.
 *
 * <p>What it needs: one small loop a method, the same index for source and target, no branches; in reductions, several
 * independent accumulators (it does not reorder a float sum by itself) and a ternary instead of Math.max.
 */
final class VectorMath {
  /** exp of less than this is taken as exp of this: 4e-18, nothing beside the 1 of a row's maximum. */
  private static final float LOWEST = -40f;

  private VectorMath() {}

  /**
   * y[i] = exp(x[i]) for i in [from, from + n) and x <= 0, to a relative error below 1e-5; y may be x.
   * exp(v) = exp(v / 64)^64, the inner exp by its Taylor polynomial.
   */
  static void exp(float[] x, float[] y, int from, int n) {
    for (int i = from; i < from + n; i++) {
      float v = Math.max(x[i], LOWEST) * (1f / 64f);
      float q = 1f / 5040f;
      q = q * v + 1f / 720f;
      q = q * v + 1f / 120f;
      q = q * v + 1f / 24f;
      q = q * v + 1f / 6f;
      q = q * v + 0.5f;
      q = q * v + 1f;
      q = q * v + 1f;
      q *= q;
      q *= q;
      q *= q;
      q *= q;
      q *= q;
      q *= q;
      y[i] = q;
    }
  }

  /** Sum of x[from .. from + n). */
  static float sum(float[] x, int from, int n) {
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

  /** Sum of x[xFrom + i] * y[yFrom + i] for i < n. */
  static float dot(float[] x, int xFrom, float[] y, int yFrom, int n) {
    float a = 0;
    float b = 0;
    float c = 0;
    float d = 0;
    float e = 0;
    float f = 0;
    float g = 0;
    float h = 0;
    int i = 0;
    int end = n & ~7;
    for (; i < end; i += 8) {
      a += x[xFrom + i] * y[yFrom + i];
      b += x[xFrom + i + 1] * y[yFrom + i + 1];
      c += x[xFrom + i + 2] * y[yFrom + i + 2];
      d += x[xFrom + i + 3] * y[yFrom + i + 3];
      e += x[xFrom + i + 4] * y[yFrom + i + 4];
      f += x[xFrom + i + 5] * y[yFrom + i + 5];
      g += x[xFrom + i + 6] * y[yFrom + i + 6];
      h += x[xFrom + i + 7] * y[yFrom + i + 7];
    }
    float result = ((a + b) + (c + d)) + ((e + f) + (g + h));
    for (; i < n; i++) {
      result += x[xFrom + i] * y[yFrom + i];
    }
    return result;
  }

  /** Largest of x[from .. from + n), n >= 1. */
  static float max(float[] x, int from, int n) {
    float a = x[from];
    float b = a;
    float c = a;
    float d = a;
    int i = from;
    int end = from + (n & ~3);
    for (; i < end; i += 4) {
      a = x[i] > a ? x[i] : a;
      b = x[i + 1] > b ? x[i + 1] : b;
      c = x[i + 2] > c ? x[i + 2] : c;
      d = x[i + 3] > d ? x[i + 3] : d;
    }
    for (; i < from + n; i++) {
      a = x[i] > a ? x[i] : a;
    }
    a = a > b ? a : b;
    c = c > d ? c : d;
    return a > c ? a : c;
  }

  /** sum[i] += x[from + i] for i < n. */
  static void accumulate(float[] x, int from, float[] sum, int n) {
    for (int i = 0; i < n; i++) {
      sum[i] += x[from + i];
    }
  }

  /** x[i] -= value over [from, from + n). */
  static void subtract(float[] x, int from, int n, float value) {
    for (int i = from; i < from + n; i++) {
      x[i] -= value;
    }
  }

  /** x[i] *= factor over [from, from + n). */
  static void scale(float[] x, int from, int n, float factor) {
    for (int i = from; i < from + n; i++) {
      x[i] *= factor;
    }
  }
}
