package org.tarflowlm.coupling;

import org.tarflowlm.vector.LaneMath;

/**
 * {@link MixtureCdf} in single precision, many scalars at a time: the same formulas, with vector instructions. The few rows that single
 * precision cannot hold (far tails, densities near 0: {@link MixtureLanes#judge}) are computed by {@link MixtureCdf}.
 *
 * <pre>
 *   z, u, logDet, logDensity, a, b, dz [n]      theta, dTheta [n][3K], a row being [logits | means | log-scales]
 * </pre>
 *
 * <p>Loops take as many arrays at once as their formula has: most of the time goes into moving numbers, not into adding them.
 *
 * <p>The forward map saves what the gradient needs of each component, because exponentials and changes of layout are what costs:
 * with x_k = (z - m_k) / s_k, g = a + b u and the notation of {@link ScalarMixture},
 *
 * <pre>
 *   saved per component: pi_k, r_k, z - m_k, c_k = x_k / s_k - u du/dz, t_k = sgn M (w_k - pi_k)     per row: u, du/dz
 *   dL/dm_k = r_k (b c_k - a du/dz)    dL/dlogs_k = dL/dm_k (z - m_k) - b r_k    dL/dlogit_k = g t_k + b (r_k - pi_k)
 * </pre>
 *
 * <p>c_k is saved as a difference, which the scalar code forms in double precision where it would cancel, in the far tails.
 */
public final class MixtureCdfLanes {
  private static final int SAVED = 5;
  private static final int SAVED_ROWS = 2;
  private static final int SAVED_OF_DENSITY = 4;

  private MixtureCdfLanes() {}

  /** Numbers that {@link #forward} saves per row. */
  public static int savedWidth(int k) {
    return SAVED * k + SAVED_ROWS;
  }

  /** Numbers that {@link #logDensity} saves per row. */
  public static int savedDensityWidth(int k) {
    return SAVED_OF_DENSITY * k;
  }

  /** Fills u, logDet and saved. */
  public static void forward(float[] z, float[] theta, int n, int k, float[] u, float[] logDet, SavedNumbers saved,
      LaneWorkspace w) {
    int rows = Lanes.rows(n, k);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      MixtureLanes m = load(z, theta, first, count, k, true, w);
      LaneMath.log(m.slope, w.row[1], w.row[0], count);
      System.arraycopy(w.row[1], 0, logDet, first, count);
      prepareGradient(m, count, k, w);
      for (int i = 0; i < count; i++) {
        if (!w.usable[i]) {
          m.u[i] = (float) MixtureCdf.evaluate(z[first + i], scalarTheta(theta, first + i, k, w), k, w.scalar);
          m.slope[i] = (float) w.scalar.slope[0];
          logDet[first + i] = (float) w.scalar.logDet();
          fromScalar(i, count, k, w.scalar.u[0] * w.scalar.slope[0], w.scalar.signedMills[0], w);
        }
      }
      System.arraycopy(m.u, 0, u, first, count);
      int cells = count * k;
      save(m, saved, cells, w);
      saved.write(w.tilt, cells);
      saved.write(m.u, count);
      saved.write(m.slope, count);
    }
  }

  /** Gradient of sum(a u) + sum(b logDet): fills dz and dTheta from what {@link #forward} saved. */
  public static void gradient(SavedNumbers saved, float[] a, float[] b, int n, int k, float[] dz, float[] dTheta, LaneWorkspace w) {
    int rows = Lanes.rows(n, k);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      int cells = count * k;
      w.ensure(1, k, count);
      MixtureLanes m = w.mixtures[0];
      restore(saved, cells, m, w);
      saved.read(w.tilt, cells);
      saved.read(m.u, count);
      saved.read(m.slope, count);
      factors(a, b, first, m, w.row, count);
      for (int i = 0; i < 3; i++) {
        Lanes.repeat(w.row[i], w.factor[i], count, cells);
      }
      logitGradients(w.factor[0], w.tilt, w.factor[1], m.joint, m.weight, w.dWeight, cells);
      meanGradients(w.factor[1], w.curve, w.factor[2], m.joint, w.dMean, cells);
      store(first, count, k, dz, dTheta, w);
    }
  }

  /** Fills logDensity and saved. */
  public static void logDensity(float[] z, float[] theta, int n, int k, float[] logDensity, SavedNumbers saved, LaneWorkspace w) {
    int rows = Lanes.rows(n, k);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      int cells = count * k;
      MixtureLanes m = load(z, theta, first, count, k, false, w);
      LaneMath.log(m.density, w.row[1], w.row[0], count);
      m.posterior(m.joint, k, count, w);
      Lanes.multiply(m.x, w.inverseScale, w.curve, cells);
      for (int i = 0; i < count; i++) {
        logDensity[first + i] = w.row[1][i] - (float) Normal.LOG_SQRT_2PI;
        if (!w.usable[i]) {
          logDensity[first + i] =
              (float) MixtureCdf.evaluateDensity(z[first + i], scalarTheta(theta, first + i, k, w), k, w.scalar);
          fromScalar(i, count, k, 0.0, 0.0, w);
        }
      }
      save(m, saved, cells, w);
    }
  }

  /** Gradient of sum(b logDensity): fills dz and dTheta from what {@link #logDensity} saved. */
  public static void logDensityGradient(SavedNumbers saved, float[] b, int n, int k, float[] dz, float[] dTheta, LaneWorkspace w) {
    int rows = Lanes.rows(n, k);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      int cells = count * k;
      w.ensure(1, k, count);
      MixtureLanes m = w.mixtures[0];
      restore(saved, cells, m, w);
      System.arraycopy(b, first, w.row[1], 0, count);
      Lanes.repeat(w.row[1], w.factor[1], count, cells);
      logitGradients(w.factor[1], m.joint, m.weight, w.dWeight, cells);
      Lanes.multiply(w.factor[1], w.curve, m.joint, w.dMean, cells);
      store(first, count, k, dz, dTheta, w);
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
    Lanes.sum(w.inverseScale, k, rows, w.row[1], w); // at most K times the largest, and quicker
    MixtureLanes.begin(w.row[2], w.row[0], rows, w.usable);
    m.judge(w.row[0], w.row[1], tails, rows, w.usable);
    return m;
  }

  /** joint becomes the posterior weights r; c into {@code curve}, t into {@code tilt}. */
  private static void prepareGradient(MixtureLanes m, int rows, int k, LaneWorkspace w) {
    int cells = k * rows;
    m.posterior(m.joint, k, rows, w);
    tailFactors(m, w.row, rows);
    for (int i = 0; i < 4; i++) {
      Lanes.repeat(w.row[i], w.factor[i], rows, cells);
    }
    tilts(w.factor[0], m.below, w.factor[1], m.above, w.factor[2], m.weight, w.tilt, cells);
    curves(m.x, w.inverseScale, w.factor[3], w.curve, cells);
  }

  /** t = lower below + upper above - signedMills weight. */
  private static void tilts(float[] lower, float[] below, float[] upper, float[] above, float[] signedMills, float[] weight, float[] t,
      int n) {
    for (int i = 0; i < n; i++) {
      t[i] = lower[i] * below[i] + upper[i] * above[i] - signedMills[i] * weight[i];
    }
  }

  /** c = x / s - u du/dz. */
  private static void curves(float[] x, float[] inverseScale, float[] curvature, float[] c, int n) {
    for (int i = 0; i < n; i++) {
      c[i] = x[i] * inverseScale[i] - curvature[i];
    }
  }

  /** 0 and 1: sgn M / tail if the smaller tail is the lower or the upper one, else 0; 2: sgn M, 3: u du/dz. */
  private static void tailFactors(MixtureLanes m, float[][] row, int n) {
    for (int i = 0; i < n; i++) {
      float signedMills = m.mills[i] * (2f * m.lower[i] - 1f);
      float share = signedMills / m.tail[i];
      row[0][i] = m.lower[i] * share;
      row[1][i] = (1f - m.lower[i]) * share;
      row[2][i] = signedMills;
      row[3][i] = m.u[i] * m.slope[i];
    }
  }

  /** 0: g = a + b u, 1: b, 2: a du/dz. */
  private static void factors(float[] a, float[] b, int first, MixtureLanes m, float[][] row, int n) {
    for (int i = 0; i < n; i++) {
      row[0][i] = a[first + i] + b[first + i] * m.u[i];
      row[1][i] = b[first + i];
      row[2][i] = a[first + i] * m.slope[i];
    }
  }

  /** dL/dlogit_k = g t_k + b (r_k - pi_k). */
  private static void logitGradients(float[] g, float[] t, float[] b, float[] r, float[] weight, float[] target, int n) {
    for (int i = 0; i < n; i++) {
      target[i] = g[i] * t[i] + b[i] * (r[i] - weight[i]);
    }
  }

  /** Gradient of the logits through the density alone: b (r_k - pi_k). */
  private static void logitGradients(float[] b, float[] r, float[] weight, float[] target, int n) {
    for (int i = 0; i < n; i++) {
      target[i] = b[i] * (r[i] - weight[i]);
    }
  }

  /** dL/dm_k = r_k (b c_k - a du/dz). */
  private static void meanGradients(float[] b, float[] c, float[] aSlope, float[] r, float[] target, int n) {
    for (int i = 0; i < n; i++) {
      target[i] = r[i] * (b[i] * c[i] - aSlope[i]);
    }
  }

  /** dL/dlogs_k = dL/dm_k (z - m_k) - b r_k. */
  private static void scaleGradients(float[] dMean, float[] offset, float[] b, float[] r, float[] target, int n) {
    for (int i = 0; i < n; i++) {
      target[i] = dMean[i] * offset[i] - b[i] * r[i];
    }
  }

  /** From the gradients of logits and means, with b in factor 1, to those of the scales, and all out of the lanes. */
  private static void store(int first, int rows, int k, float[] dz, float[] dTheta, LaneWorkspace w) {
    MixtureLanes m = w.mixtures[0];
    scaleGradients(w.dMean, m.offset, w.factor[1], m.joint, w.dLogScale, rows * k);
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

  /** One row's part of what is saved, from what the scalar code left in its workspace. */
  private static void fromScalar(int row, int rows, int k, double curvature, double signedMills, LaneWorkspace w) {
    MixtureLanes m = w.mixtures[0];
    Workspace s = w.scalar;
    for (int j = 0; j < k; j++) {
      int at = row + j * rows;
      m.weight[at] = (float) s.weight[j];
      m.joint[at] = (float) s.weight[k + j];
      m.offset[at] = (float) (s.x[j] * s.scale[j]);
      w.curve[at] = (float) (s.x[j] * s.inverseScale[j] - curvature);
      w.tilt[at] = signedMills == 0.0 ? 0f : (float) (signedMills * (s.tailWeight[j] - s.weight[j]));
    }
  }

  /** The parts that forward map and log-density have in common. */
  private static void save(MixtureLanes m, SavedNumbers saved, int n, LaneWorkspace w) {
    saved.write(m.weight, n);
    saved.write(m.joint, n);
    saved.write(m.offset, n);
    saved.write(w.curve, n);
  }

  private static void restore(SavedNumbers saved, int n, MixtureLanes m, LaneWorkspace w) {
    saved.read(m.weight, n);
    saved.read(m.joint, n);
    saved.read(m.offset, n);
    saved.read(w.curve, n);
  }
}
