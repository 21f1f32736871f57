package org.tarflowlm.vector;

/**
 * Loops over float arrays in the form that the JIT compiler turns into vector instructions: one small loop a method, every array
 * of a product an object of its own, the same index everywhere, several accumulators in reductions.
 */
public final class FloatLoops {
  private FloatLoops() {}

  /** y += a r0 + b r1 + c r2. */
  public static void addRows(float[] r0, float[] r1, float[] r2, float a, float b, float c, float[] y) {
    for (int i = 0; i < y.length; i++) {
      y[i] += a * r0[i] + b * r1[i] + c * r2[i];
    }
  }

  /** y += x over [from, to). */
  public static void add(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] += x[i];
    }
  }

  public static float sum(float[] x, int n) {
    float a = 0f;
    float b = 0f;
    float c = 0f;
    float d = 0f;
    float e = 0f;
    float f = 0f;
    float g = 0f;
    float h = 0f;
    int i = 0;
    for (; i + 8 <= n; i += 8) {
      a += x[i];
      b += x[i + 1];
      c += x[i + 2];
      d += x[i + 3];
      e += x[i + 4];
      f += x[i + 5];
      g += x[i + 6];
      h += x[i + 7];
    }
    for (; i < n; i++) {
      a += x[i];
    }
    return ((a + b) + (c + d)) + ((e + f) + (g + h));
  }
}
