package org.tarflowlm.coupling;

/**
 * {@link MixtureCdf} in single precision, many scalars at a time: the same formulas, with vector instructions. The few rows that single
 * precision cannot hold (far tails, densities near 0: {@link MixtureLanes#judge}) are computed by {@link MixtureCdf}.
 *
 * <pre>
 *   z, u, logDet, logDensity, a, b, dz [n]      theta, dTheta [n][3K], a row being [logits | means | log-scales]
 * </pre>
 */
public final class MixtureCdfLanes {
  private MixtureCdfLanes() {}

  /** Fills u and logDet. */
  public static void forward(float[] z, float[] theta, int n, int k, float[] u, float[] logDet, LaneWorkspace w) {
    int rows = Lanes.rows(n, k);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      MixtureLanes m = load(z, theta, first, count, k, true, w);
      LaneMath.log(m.slope, w.row[1], w.row[0], count);
      System.arraycopy(m.u, 0, u, first, count);
      System.arraycopy(w.row[1], 0, logDet, first, count);
      for (int i = 0; i < count; i++) {
        if (!w.usable[i]) {
          u[first + i] = (float) MixtureCdf.forward(z[first + i], scalarTheta(theta, first + i, k, w), 0, k, w.scalar);
          logDet[first + i] = (float) w.scalar.logDet();
        }
      }
    }
  }

  /** Fills logDensity. */
  public static void logDensity(float[] z, float[] theta, int n, int k, float[] logDensity, LaneWorkspace w) {
    int rows = Lanes.rows(n, k);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      MixtureLanes m = load(z, theta, first, count, k, false, w);
      LaneMath.log(m.density, w.row[1], w.row[0], count);
      for (int i = 0; i < count; i++) {
        logDensity[first + i] = w.usable[i] ? w.row[1][i] - (float) Normal.LOG_SQRT_2PI
            : (float) MixtureCdf.logDensity(z[first + i], scalarTheta(theta, first + i, k, w), 0, k, w.scalar);
      }
    }
  }

  /** Gradient of sum(a u) + sum(b logDet): fills dz and dTheta. The formulas are those of {@link MixtureCdf#gradient}. */
  public static void gradient(float[] z, float[] theta, float[] a, float[] b, int n, int k, float[] dz, float[] dTheta,
      LaneWorkspace w) {
    int rows = Lanes.rows(n, k);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      int cells = count * k;
      MixtureLanes m = load(z, theta, first, count, k, true, w);
      System.arraycopy(a, first, w.row[0], 0, count);
      System.arraycopy(b, first, w.row[1], 0, count);
      factors(m, w.row, count);
      for (int i = 0; i < w.factor.length; i++) {
        Lanes.repeat(w.row[i], w.factor[i], count, cells);
      }
      weightGradient(w.factor, m, w.mass, w.dWeight, cells);
      componentGradient(w.factor, m, w.inverseScale, w.mass, w.dMean, w.dLogScale, cells);
      store(first, count, k, dz, dTheta, w);
      for (int i = 0; i < count; i++) {
        int row = first + i;
        if (!w.usable[i]) {
          double[] dRow = scalarGradient(k, w);
          dz[row] = (float) MixtureCdf.gradient(z[row], scalarTheta(theta, row, k, w), 0, k, a[row], b[row], dRow, 0, w.scalar);
          copy(dRow, dTheta, row, k);
        }
      }
    }
  }

  /** Gradient of sum(b logDensity): fills dz and dTheta. */
  public static void logDensityGradient(float[] z, float[] theta, float[] b, int n, int k, float[] dz, float[] dTheta,
      LaneWorkspace w) {
    int rows = Lanes.rows(n, k);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      int cells = count * k;
      MixtureLanes m = load(z, theta, first, count, k, false, w);
      System.arraycopy(b, first, w.row[0], 0, count);
      Lanes.repeat(w.row[0], w.factor[0], count, cells);
      quotient(w.row[0], m.density, count);
      Lanes.repeat(w.row[0], w.factor[1], count, cells);
      densityGradient(w.factor, m, w.inverseScale, w.mass, w.dWeight, w.dMean, w.dLogScale, cells);
      store(first, count, k, dz, dTheta, w);
      for (int i = 0; i < count; i++) {
        int row = first + i;
        if (!w.usable[i]) {
          double[] dRow = scalarGradient(k, w);
          dz[row] = (float) MixtureCdf.logDensityGradient(z[row], scalarTheta(theta, row, k, w), 0, k, b[row], dRow, 0, w.scalar);
          copy(dRow, dTheta, row, k);
        }
      }
    }
  }

  /** The mixtures of some rows, evaluated, with or without distribution functions. */
  private static MixtureLanes load(float[] z, float[] theta, int first, int rows, int k, boolean tails, LaneWorkspace w) {
    w.ensure(1, k, rows);
    MixtureLanes m = w.mixtures[0];
    int at = first * 3 * k;
    Lanes.gather(theta, at, 3 * k, m.weight, k, rows);
    Lanes.gather(theta, at + k, 3 * k, w.mean, k, rows);
    Lanes.gather(theta, at + 2 * k, 3 * k, w.inverseScale, k, rows);
    m.normalize(w.row[2], k, rows, w);
    LaneMath.expNegative(w.inverseScale, w.inverseScale, w.steps, k * rows);
    System.arraycopy(z, first, w.row[0], 0, rows);
    m.standardize(w.row[0], w.mean, w.inverseScale, k, rows, w);
    m.densities(w.inverseScale, k, rows, w);
    if (tails) {
      m.quantiles(k, rows, w);
    }
    Lanes.max(w.inverseScale, k, rows, w.row[1], w);
    MixtureLanes.begin(w.row[2], w.row[0], rows, w.usable);
    m.judge(w.row[0], w.row[1], tails, rows, w.usable);
    return m;
  }

  /**
   * From a, b in rows 0 and 1 to what multiplies the components' terms, with g = a + b u:
   * 0: g du/dz / density, 1: b / density, 2 and 3: g sgn M / tail for the lower and the upper tail, 4: g sgn M + b.
   */
  private static void factors(MixtureLanes m, float[][] row, int n) {
    float[] first = row[0];
    float[] second = row[1];
    for (int i = 0; i < n; i++) {
      float b = second[i];
      float g = first[i] + b * m.u[i];
      float signedMills = g * m.mills[i] * (2f * m.lower[i] - 1f);
      first[i] = g * m.slope[i] / m.density[i];
      second[i] = b / m.density[i];
      row[2][i] = m.lower[i] * signedMills / m.tail[i];
      row[3][i] = (1f - m.lower[i]) * signedMills / m.tail[i];
      row[4][i] = signedMills + b;
    }
  }

  private static void weightGradient(float[][] factor, MixtureLanes m, float[] posterior, float[] dWeight, int n) {
    Lanes.multiply(factor[1], m.joint, posterior, n);
    Lanes.subtractProduct(posterior, factor[4], m.weight, dWeight, n);
    Lanes.addProduct(factor[2], m.below, dWeight, n);
    Lanes.addProduct(factor[3], m.above, dWeight, n);
  }

  private static void componentGradient(float[][] factor, MixtureLanes m, float[] inverseScale, float[] posterior, float[] dMean,
      float[] dLogScale, int n) {
    Lanes.multiply(posterior, m.x, inverseScale, dMean, n);
    Lanes.subtractProduct(dMean, factor[0], m.joint, dMean, n);
    scaleGradient(dMean, m.offset, posterior, dLogScale, n);
  }

  private static void scaleGradient(float[] dMean, float[] offset, float[] posterior, float[] dLogScale, int n) {
    for (int i = 0; i < n; i++) {
      dLogScale[i] = dMean[i] * offset[i] - posterior[i];
    }
  }

  /** With b in factor 0 and b / density in factor 1. */
  private static void densityGradient(float[][] factor, MixtureLanes m, float[] inverseScale, float[] posterior, float[] dWeight,
      float[] dMean, float[] dLogScale, int n) {
    Lanes.multiply(factor[1], m.joint, posterior, n);
    Lanes.subtractProduct(posterior, factor[0], m.weight, dWeight, n);
    Lanes.multiply(posterior, m.x, inverseScale, dMean, n);
    scaleGradient(dMean, m.offset, posterior, dLogScale, n);
  }

  private static void quotient(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      x[i] /= y[i];
    }
  }

  private static void store(int first, int rows, int k, float[] dz, float[] dTheta, LaneWorkspace w) {
    int at = first * 3 * k;
    Lanes.scatter(w.dWeight, k, rows, dTheta, at, 3 * k);
    Lanes.scatter(w.dMean, k, rows, dTheta, at + k, 3 * k);
    Lanes.scatter(w.dLogScale, k, rows, dTheta, at + 2 * k, 3 * k);
    Lanes.sum(w.dMean, k, rows, w.row[0], w);
    for (int i = 0; i < rows; i++) {
      dz[first + i] = -w.row[0][i];
    }
  }

  private static double[] scalarTheta(float[] theta, int row, int k, LaneWorkspace w) {
    if (w.parameters.length < 3 * k) {
      w.parameters = new double[3 * k];
    }
    for (int j = 0; j < 3 * k; j++) {
      w.parameters[j] = theta[row * 3 * k + j];
    }
    return w.parameters;
  }

  private static double[] scalarGradient(int k, LaneWorkspace w) {
    if (w.gradients.length < 3 * k) {
      w.gradients = new double[3 * k];
    }
    return w.gradients;
  }

  private static void copy(double[] gradient, float[] dTheta, int row, int k) {
    for (int j = 0; j < 3 * k; j++) {
      dTheta[row * 3 * k + j] = (float) gradient[j];
    }
  }
}
