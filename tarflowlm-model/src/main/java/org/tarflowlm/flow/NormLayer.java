package org.tarflowlm.flow;

import org.tarflowlm.vector.FloatLoops;

/** Layer normalisation with gain and bias, epsilon 1e-5. */
final class NormLayer {
  private static final double EPSILON = 1e-5;

  private final float[] gain;
  private final float[] bias;

  NormLayer(ParameterSource source, String name, int width) {
    gain = source.vector(name + ".gain", width);
    bias = source.vector(name + ".bias", width);
  }

  /** y = the normalised x, row by row, both [rows * width], in the rows [from, to); {@code row} is a temporary [width]. */
  void apply(float[] x, float[] y, int from, int to, float[] row) {
    int n = gain.length;
    for (int r = from; r < to; r++) {
      // in an array of its own, so that every array of a loop has the same index and the compiler vectorises it
      System.arraycopy(x, r * n, row, 0, n);
      subtract(row, FloatLoops.sum(row, n) / n, n);
      float inverse = (float) (1.0 / Math.sqrt(squares(row, n) / n + EPSILON));
      affine(row, inverse, gain, bias, n);
      System.arraycopy(row, 0, y, r * n, n);
    }
  }

  private static void subtract(float[] x, float mean, int n) {
    for (int i = 0; i < n; i++) {
      x[i] -= mean;
    }
  }

  private static float squares(float[] x, int n) {
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
      a += x[i] * x[i];
      b += x[i + 1] * x[i + 1];
      c += x[i + 2] * x[i + 2];
      d += x[i + 3] * x[i + 3];
      e += x[i + 4] * x[i + 4];
      f += x[i + 5] * x[i + 5];
      g += x[i + 6] * x[i + 6];
      h += x[i + 7] * x[i + 7];
    }
    for (; i < n; i++) {
      a += x[i] * x[i];
    }
    return ((a + b) + (c + d)) + ((e + f) + (g + h));
  }

  private static void affine(float[] y, float factor, float[] gain, float[] bias, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = y[i] * factor * gain[i] + bias[i];
    }
  }
}
