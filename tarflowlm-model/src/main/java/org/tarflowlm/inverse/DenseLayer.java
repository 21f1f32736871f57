package org.tarflowlm.inverse;

/** y = x W + b with W [in, out] kept as one array a row, the form that {@link FloatLoops} multiplies fastest. */
final class DenseLayer {
  /** Rows of W that are applied to all inputs before the next ones: small enough to stay in the first-level cache. */
  private static final int TILE = 8;

  private final float[][] weight;
  private final float[] bias;

  DenseLayer(ParameterSource source, String name, int in, int out) {
    weight = source.matrix(name + ".weight", in, out);
    bias = source.vector(name + ".bias", out);
  }

  int out() {
    return bias.length;
  }

  /** y = x W + b for one input. */
  void apply(float[] x, float[] y) {
    System.arraycopy(bias, 0, y, 0, bias.length);
    FloatLoops.addProduct(x, weight.length, weight, 0, y, 0, bias.length);
  }

  /** y[r] = x[r] W + b for r &lt; count. The result of a row does not depend on the others, to the last bit. */
  void apply(float[][] x, float[][] y, int count) {
    for (int r = 0; r < count; r++) {
      System.arraycopy(bias, 0, y[r], 0, bias.length);
    }
    addProduct(x, y, count);
  }

  /** y[r] += x[r] W + b for r &lt; count. */
  void addTo(float[][] x, float[][] y, int count) {
    for (int r = 0; r < count; r++) {
      FloatLoops.add(bias, y[r], bias.length);
    }
    addProduct(x, y, count);
  }

  private void addProduct(float[][] x, float[][] y, int count) {
    int in = weight.length;
    int out = bias.length;
    int tiled = in - in % TILE;
    for (int i = 0; i < tiled; i += TILE) {
      for (int r = 0; r < count; r++) {
        float[] xr = x[r];
        FloatLoops.addRows(weight[i], weight[i + 1], weight[i + 2], weight[i + 3],
            xr[i], xr[i + 1], xr[i + 2], xr[i + 3], y[r], 0, out);
        FloatLoops.addRows(weight[i + 4], weight[i + 5], weight[i + 6], weight[i + 7],
            xr[i + 4], xr[i + 5], xr[i + 6], xr[i + 7], y[r], 0, out);
      }
    }
    for (int i = tiled; i < in; i++) {
      for (int r = 0; r < count; r++) {
        FloatLoops.addRow(weight[i], x[r][i], y[r], 0, out);
      }
    }
  }
}
