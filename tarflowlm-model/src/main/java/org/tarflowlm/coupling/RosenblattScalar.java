package org.tarflowlm.coupling;

/**
 * Single rows of {@link RosenblattLanes} by way of {@link MixtureRosenblatt}: the conversion from arrays of single precision and back.
 * Arguments are those of the former, and the number of the row.
 */
final class RosenblattScalar {
  private RosenblattScalar() {}

  static void forward(float[] z, float[] logits, int row, Components c, float[] u, float[] logDet, LaneWorkspace w) {
    load(z, logits, row, c, w);
    MixtureRosenblatt.forward(w.parameters, c.count(), w.parameters, 0, c, w.gradients, 0, w.scalar);
    store(w.gradients, 0, u, row * c.dims(), c.dims());
    logDet[row] = (float) w.scalar.logDet();
  }

  static void logDensity(float[] z, float[] logits, int row, Components c, float[] logDensity, LaneWorkspace w) {
    load(z, logits, row, c, w);
    logDensity[row] = (float) MixtureRosenblatt.logDensity(w.parameters, c.count(), w.parameters, 0, c, w.scalar);
  }

  static void gradient(float[] z, float[] logits, int row, Components c, float[] a, float[] b, float[] dz, float[] dLogits,
      double[] dMeans, double[] dLogScales, LaneWorkspace w) {
    load(z, logits, row, c, w);
    int k = c.count();
    int dims = c.dims();
    for (int i = 0; i < dims; i++) {
      w.parameters[k + dims + i] = a[row * dims + i];
    }
    MixtureRosenblatt.gradient(w.parameters, k, w.parameters, 0, c, w.parameters, k + dims, b[row], w.gradients, k, w.gradients, 0,
        dMeans, dLogScales, w.scalar);
    store(w.gradients, 0, dLogits, row * k, k);
    store(w.gradients, k, dz, row * dims, dims);
  }

  static void logDensityGradient(float[] z, float[] logits, int row, Components c, float[] b, float[] dz, float[] dLogits,
      double[] dMeans, double[] dLogScales, LaneWorkspace w) {
    load(z, logits, row, c, w);
    int k = c.count();
    MixtureRosenblatt.logDensityGradient(w.parameters, k, w.parameters, 0, c, b[row], w.gradients, k, w.gradients, 0,
        dMeans, dLogScales, w.scalar);
    store(w.gradients, 0, dLogits, row * k, k);
    store(w.gradients, k, dz, row * c.dims(), c.dims());
  }

  /** parameters = [logits K | z d | room for d more]; gradients has room for K + d. */
  private static void load(float[] z, float[] logits, int row, Components c, LaneWorkspace w) {
    int k = c.count();
    int dims = c.dims();
    if (w.parameters.length < k + 2 * dims) {
      w.parameters = new double[k + 2 * dims];
    }
    if (w.gradients.length < k + dims) {
      w.gradients = new double[k + dims];
    }
    for (int j = 0; j < k; j++) {
      w.parameters[j] = logits[row * k + j];
    }
    for (int i = 0; i < dims; i++) {
      w.parameters[k + i] = z[row * dims + i];
    }
  }

  private static void store(double[] source, int from, float[] target, int to, int n) {
    for (int i = 0; i < n; i++) {
      target[to + i] = (float) source[from + i];
    }
  }
}
