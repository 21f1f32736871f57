package org.tarflowlm.inverse;

/** Layer normalisation with gain and bias, epsilon 1e-5. */
final class NormLayer {
  private static final double EPSILON = 1e-5;

  private final float[] gain;
  private final float[] bias;

  NormLayer(ParameterSource source, String name, int width) {
    gain = source.vector(name + ".gain", width);
    bias = source.vector(name + ".bias", width);
  }

  /** y[r] = the normalised x[r], for r &lt; count; y is not x. */
  void apply(float[][] x, float[][] y, int count) {
    int n = gain.length;
    for (int r = 0; r < count; r++) {
      float mean = FloatLoops.sum(x[r], n) / n;
      subtract(x[r], mean, y[r], n);
      float inverse = (float) (1.0 / Math.sqrt(squares(y[r], n) / n + EPSILON));
      affine(y[r], inverse, gain, bias, n);
    }
  }

  private static void subtract(float[] x, float mean, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = x[i] - mean;
    }
  }

  private static float squares(float[] x, int n) {
    float a = 0f;
    float b = 0f;
    float c = 0f;
    float d = 0f;
    int i = 0;
    for (; i + 4 <= n; i += 4) {
      a += x[i] * x[i];
      b += x[i + 1] * x[i + 1];
      c += x[i + 2] * x[i + 2];
      d += x[i + 3] * x[i + 3];
    }
    for (; i < n; i++) {
      a += x[i] * x[i];
    }
    return (a + b) + (c + d);
  }

  private static void affine(float[] y, float factor, float[] gain, float[] bias, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = y[i] * factor * gain[i] + bias[i];
    }
  }
}
