package org.tarflowlm.inverse;

/**
 * Loops over float arrays in the form that the JIT compiler turns into vector instructions: one small loop a method, every array
 * of a product an object of its own, the same index everywhere, several accumulators in reductions.
 *
 * <p>Four rows a pass is the sweet spot for products: each pass reads and writes the target once, and with eight the compiler gives
 * up vectorising.
 */
final class FloatLoops {
  /** exp of less than this is taken as exp of this, 4e-18: nothing beside the 1 of a row's maximum. */
  private static final float LOWEST = -40f;
  private static final float GELU_P = 0.2316419f;

  private FloatLoops() {}

  /** y += x[0..count) W over the columns [from, to), where row i of W is {@code rows[firstRow + i]}. */
  static void addProduct(float[] x, int count, float[][] rows, int firstRow, float[] y, int from, int to) {
    int i = 0;
    for (; i + 4 <= count; i += 4) {
      int r = firstRow + i;
      addRows(rows[r], rows[r + 1], rows[r + 2], rows[r + 3], x[i], x[i + 1], x[i + 2], x[i + 3], y, from, to);
    }
    for (; i < count; i++) {
      addRow(rows[firstRow + i], x[i], y, from, to);
    }
  }

  static void addRows(float[] r0, float[] r1, float[] r2, float[] r3, float a, float b, float c, float d, float[] y, int from, int to) {
    for (int o = from; o < to; o++) {
      y[o] += a * r0[o] + b * r1[o] + c * r2[o] + d * r3[o];
    }
  }

  static void addRow(float[] row, float a, float[] y, int from, int to) {
    for (int o = from; o < to; o++) {
      y[o] += a * row[o];
    }
  }

  /** y += x over [from, to). */
  static void add(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] += x[i];
    }
  }

  static float sum(float[] x, int n) {
    float a = 0f;
    float b = 0f;
    float c = 0f;
    float d = 0f;
    int i = 0;
    for (; i + 4 <= n; i += 4) {
      a += x[i];
      b += x[i + 1];
      c += x[i + 2];
      d += x[i + 3];
    }
    for (; i < n; i++) {
      a += x[i];
    }
    return (a + b) + (c + d);
  }

  /**
   * y = exp(min(x - shift, 0)) over [from, to), absolute error about 1e-6: exp(v) = exp(v/16)^16, the inner one by its Taylor
   * polynomial around -3/4.
   */
  static void expOfNonPositive(float[] x, float shift, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      float v = Math.min(Math.max(x[i] - shift, LOWEST), 0f) * 0.0625f + 0.75f;
      float q = 2.7557319e-7f;
      q = q * v + 2.7557319e-6f;
      q = q * v + 2.4801587e-5f;
      q = q * v + 1.9841270e-4f;
      q = q * v + 1.3888889e-3f;
      q = q * v + 8.3333333e-3f;
      q = q * v + 4.1666667e-2f;
      q = q * v + 0.16666667f;
      q = q * v + 0.5f;
      q = q * v + 1f;
      q = q * v + 1f;
      q *= 0.47236655f;
      q *= q;
      q *= q;
      q *= q;
      q *= q;
      y[i] = q;
    }
  }

  /** y = elu(x) = x where positive, else exp(x) - 1, over [from, to). */
  static void elu(float[] x, float[] y, int from, int to) {
    expOfNonPositive(x, 0f, y, from, to);
    eluFromExp(x, y, from, to);
  }

  private static void eluFromExp(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = Math.max(x[i], 0f) + (y[i] - 1f);
    }
  }

  /** x = gelu(x) = x Phi(x) over [from, to); {@code scratch} is a temporary of the same length. */
  static void gelu(float[] x, float[] scratch, int from, int to) {
    halfSquare(x, scratch, from, to);
    expOfNonPositive(scratch, 0f, scratch, from, to);
    normalTail(x, scratch, from, to);
    geluFromTail(x, scratch, from, to);
  }

  private static void halfSquare(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = -0.5f * x[i] * x[i];
    }
  }

  /** e = Phi(-|x|) from e = exp(-x^2/2): Abramowitz and Stegun 26.2.17, absolute error 7.5e-8. */
  private static void normalTail(float[] x, float[] e, int from, int to) {
    for (int i = from; i < to; i++) {
      float t = 1f / (1f + GELU_P * Math.abs(x[i]));
      e[i] *= t * (0.127414796f + t * (-0.142248368f + t * (0.7107068705f + t * (-0.7265760135f + t * 0.5307027145f))));
    }
  }

  private static void geluFromTail(float[] x, float[] tail, int from, int to) {
    for (int i = from; i < to; i++) {
      x[i] = Math.max(x[i], 0f) - Math.abs(x[i]) * tail[i];
    }
  }
}
