package org.tarflowlm.coupling;

import org.tarflowlm.vector.LaneMath;

/**
 * {@link RosenblattLanes} where there are very many components: row by row, with the few that are near ({@link RosenblattLevels},
 * {@link NearComponents}). Arguments are those of the former.
 */
final class RosenblattSparse {
  private RosenblattSparse() {}

  static void forward(float[] z, float[] logits, int n, Components c, float[] u, float[] logDet, LaneWorkspace w) {
    int dims = c.dims();
    for (int row = 0; row < n; row++) {
      if (!evaluate(z, logits, row, n, c, w)) {
        if (w.levels.crowded()) {
          RosenblattLanes.forward(z, logits, row, row + 1, c, u, logDet, w);
        } else {
          RosenblattScalar.forward(z, logits, row, c, u, logDet, w);
        }
        continue;
      }
      RosenblattLevel[] levels = w.levels.levels;
      double half = 0;
      for (int i = 0; i < dims; i++) {
        float ui = levels[i].mixture.u[0];
        u[row * dims + i] = ui;
        half += 0.5 * ui * ui;
      }
      logDet[row] = (float) (levels[dims].logSum - levels[0].logSum + half);
    }
  }

  static void logDensity(float[] z, float[] logits, int n, Components c, float[] logDensity, LaneWorkspace w) {
    int k = c.count();
    double norm = c.dims() * Normal.LOG_SQRT_2PI;
    for (int row = 0; row < n; row++) {
      if (near(z, logits, row, n, c, w)) {
        logDensity[row] = (float) (w.near.logSum - softmax(logits, row * k, k, w) - norm);
      } else {
        RosenblattScalar.logDensity(z, logits, row, c, logDensity, w);
      }
    }
  }

  static void gradient(float[] z, float[] logits, int n, Components c, float[] a, float[] b, float[] dz, float[] dLogits,
      double[] dMeans, double[] dLogScales, LaneWorkspace w) {
    int dims = c.dims();
    int k = c.count();
    for (int row = 0; row < n; row++) {
      if (!evaluate(z, logits, row, n, c, w)) {
        if (w.levels.crowded()) {
          RosenblattLanes.gradient(z, logits, row, row + 1, c, a, b, dz, dLogits, dMeans, dLogScales, w);
        } else {
          RosenblattScalar.gradient(z, logits, row, c, a, b, dz, dLogits, dMeans, dLogScales, w);
        }
        continue;
      }
      RosenblattLevel[] levels = w.levels.levels;
      RosenblattLevel last = levels[dims];
      for (int j = 0; j < last.count; j++) {
        last.adjoint[j] = b[row] * last.mixture.weight[j];
      }
      for (int i = dims - 1; i >= 0; i--) {
        float g = a[row * dims + i] + b[row] * levels[i].mixture.u[0];
        dz[row * dims + i] = (float) -levels[i].backward(g, levels[i + 1], dMeans, i * k, dLogScales, w);
      }
      subtractScaled(levels[0].adjoint, b[row], levels[0].mixture.weight, k);
      System.arraycopy(levels[0].adjoint, 0, dLogits, row * k, k);
    }
  }

  static void logDensityGradient(float[] z, float[] logits, int n, Components c, float[] b, float[] dz, float[] dLogits,
      double[] dMeans, double[] dLogScales, LaneWorkspace w) {
    int k = c.count();
    for (int row = 0; row < n; row++) {
      if (!near(z, logits, row, n, c, w)) {
        RosenblattScalar.logDensityGradient(z, logits, row, c, b, dz, dLogits, dMeans, dLogScales, w);
        continue;
      }
      w.near.gradient(b[row], z, row * c.dims(), c, dz, dMeans, dLogScales);
      softmax(logits, row * k, k, w);
      negate(w.posterior, b[row], k);
      System.arraycopy(w.posterior, 0, dLogits, row * k, k);
      for (int j = 0; j < w.near.count; j++) {
        dLogits[row * k + w.near.component[j]] += (float) (b[row] * w.near.weight[j]);
      }
    }
  }

  /** A row that is better treated with all components speaks for those loaded with it, which are not tried. */
  private static boolean evaluate(float[] z, float[] logits, int row, int n, Components c, LaneWorkspace w) {
    load(z, logits, row, n, c, w);
    if (row % NearComponents.ROWS != 0 && w.levels.crowded()) {
      return false;
    }
    int nearest = w.near.nearest(row % NearComponents.ROWS, c.count(), w);
    return w.levels.evaluate(z, row * c.dims(), logits, row * c.count(), nearest, c, w);
  }

  private static boolean near(float[] z, float[] logits, int row, int n, Components c, LaneWorkspace w) {
    load(z, logits, row, n, c, w);
    return w.near.evaluate(row % NearComponents.ROWS, z, row * c.dims(), logits, row * c.count(), c, w);
  }

  /** Loads some rows at the first of them. */
  private static void load(float[] z, float[] logits, int row, int n, Components c, LaneWorkspace w) {
    if (row % NearComponents.ROWS == 0) {
      w.ensure(1, c.count(), 1);
      w.near.load(z, logits, row, Math.min(NearComponents.ROWS, n - row), c.dims(), c, w.tiles);
    }
  }

  /** Softmax of some logits into {@code posterior}; returns the log of the sum of their exponentials. */
  private static double softmax(float[] logits, int at, int k, LaneWorkspace w) {
    w.ensure(1, k, 1);
    System.arraycopy(logits, at, w.posterior, 0, k);
    Lanes.max(w.posterior, k, 1, w.row[0], w);
    float max = w.row[0][0];
    shift(w.posterior, max, k);
    LaneMath.exp(w.posterior, w.posterior, w.steps, k);
    Lanes.sum(w.posterior, k, 1, w.row[0], w);
    negate(w.posterior, -1f / w.row[0][0], k);
    return max + Math.log(w.row[0][0]);
  }

  private static void shift(float[] x, float by, int n) {
    for (int j = 0; j < n; j++) {
      x[j] -= by;
    }
  }

  /** x *= -factor. */
  private static void negate(float[] x, float factor, int n) {
    for (int j = 0; j < n; j++) {
      x[j] *= -factor;
    }
  }

  private static void subtractScaled(float[] x, float factor, float[] y, int n) {
    for (int j = 0; j < n; j++) {
      x[j] -= factor * y[j];
    }
  }
}
