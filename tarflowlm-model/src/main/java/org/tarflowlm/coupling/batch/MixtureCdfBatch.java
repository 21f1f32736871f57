package org.tarflowlm.coupling.batch;

import org.tarflowlm.coupling.MixtureCdf;
import org.tarflowlm.coupling.Normal;
import org.tarflowlm.vector.FloatLoops;
import org.tarflowlm.vector.FloatMath;

/**
 * {@link MixtureCdf} in single precision, many scalars at a time: the same formulas, with vector instructions. {@link MixtureCdf} itself
 * computes the few rows for which single precision does not suffice (far tails, densities near 0: {@link ScalarMixtureBatch#judge}).
 *
 * <pre>
 *   z, u, logDet, logDensity, a, b, dz [n]      theta, dTheta [n][3K], a row being [logits | means | log-scales]
 * </pre>
 *
 * <p>Each loop takes all the arrays of its formula at once, because moving numbers costs more time than arithmetic.
 *
 * <p>The forward map saves what the gradient needs of each component, because exponentials and changes of layout dominate the cost.
 * With x_k = (z - m_k) / s_k, g = a + b u and the notation of {@code ScalarMixture},
 *
 * <pre>
 *   saved per component: pi_k, r_k, z - m_k, c_k = x_k / s_k - u du/dz, t_k = sgn M (w_k - pi_k)     per row: u, du/dz
 *   dL/dm_k = r_k (b c_k - a du/dz)    dL/dlogs_k = dL/dm_k (z - m_k) - b r_k    dL/dlogit_k = g t_k + b (r_k - pi_k)
 * </pre>
 *
 * <p>Components far from z have gradients of 1e-35 and less. They become 0 ({@link FloatMath#FLUSH}), or the products of the head's
 * gradient would take five times as long.
 *
 * <p>c_k is saved as one number: in the far tails, where the difference would cancel, the scalar code forms it in double precision.
 */
public final class MixtureCdfBatch {
  private static final int SAVED = 5;
  private static final int SAVED_ROWS = 2;
  private static final int SAVED_OF_DENSITY = 4;

  private MixtureCdfBatch() {}

  /** How many numbers {@link #forward} saves per row. */
  public static int savedWidth(int k) {
    return SAVED * k + SAVED_ROWS;
  }

  /** How many numbers {@link #logDensity} saves per row. */
  public static int savedDensityWidth(int k) {
    return SAVED_OF_DENSITY * k;
  }

  /** Fills u, logDet (in nats) and saved. */
  public static void forward(float[] z, float[] theta, int n, int k, float[] u, float[] logDet, SavedNumbers saved,
      BatchWorkspace w) {
    int rows = BatchLayout.rows(n, k);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      ScalarMixtureBatch m = load(z, theta, first, count, k, true, w);
      FloatMath.log(m.slope, w.logSlope, w.perRow, count);
      System.arraycopy(w.logSlope, 0, logDet, first, count);
      prepareGradient(m, count, k, w);
      for (int i = 0; i < count; i++) {
        if (!w.usable[i]) {
          m.u[i] = w.inDouble.mixtureCdf(z[first + i], theta, first + i, k);
          logDet[first + i] = w.inDouble.logDet();
          m.slope[i] = w.inDouble.saved(SAVED * k);
          takeSaved(i, count, k, w);
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
  public static void gradient(SavedNumbers saved, float[] a, float[] b, int n, int k, float[] dz, float[] dTheta, BatchWorkspace w) {
    int rows = BatchLayout.rows(n, k);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      int cells = count * k;
      w.ensure(1, k, count);
      ScalarMixtureBatch m = w.mixtures[0];
      restore(saved, cells, m, w);
      saved.read(w.tilt, cells);
      saved.read(m.u, count);
      saved.read(m.slope, count);
      factors(a, b, first, m, w.factor, count);
      float[] g = w.spread(0, w.factor[0], count, cells);
      float[] ofLogDet = w.spread(1, w.factor[1], count, cells);
      float[] aSlope = w.spread(2, w.factor[2], count, cells);
      logitGradients(g, w.tilt, ofLogDet, m.joint, m.weight, w.dWeight, cells);
      meanGradients(ofLogDet, w.curve, aSlope, m.joint, w.dMean, cells);
      store(first, count, k, ofLogDet, dz, dTheta, w);
    }
  }

  /** Fills logDensity (in nats) and saved. */
  public static void logDensity(float[] z, float[] theta, int n, int k, float[] logDensity, SavedNumbers saved, BatchWorkspace w) {
    int rows = BatchLayout.rows(n, k);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      int cells = count * k;
      ScalarMixtureBatch m = load(z, theta, first, count, k, false, w);
      FloatMath.log(m.density, w.logTotal, w.perRow, count);
      m.posterior(m.joint, k, count, w);
      FloatLoops.multiply(m.x, w.inverseScale, w.curve, cells);
      for (int i = 0; i < count; i++) {
        logDensity[first + i] = w.logTotal[i] - (float) Normal.LOG_SQRT_2PI;
        if (!w.usable[i]) {
          logDensity[first + i] = w.inDouble.mixtureCdfLogDensity(z[first + i], theta, first + i, k);
          takeSaved(i, count, k, w);
        }
      }
      save(m, saved, cells, w);
    }
  }

  /** Gradient of sum(b logDensity): fills dz and dTheta from what {@link #logDensity} saved. */
  public static void logDensityGradient(SavedNumbers saved, float[] b, int n, int k, float[] dz, float[] dTheta, BatchWorkspace w) {
    int rows = BatchLayout.rows(n, k);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      int cells = count * k;
      w.ensure(1, k, count);
      ScalarMixtureBatch m = w.mixtures[0];
      restore(saved, cells, m, w);
      System.arraycopy(b, first, w.upstream, 0, count);
      float[] upstream = w.spread(1, w.upstream, count, cells);
      logitGradients(upstream, m.joint, m.weight, w.dWeight, cells);
      meanGradients(upstream, w.curve, m.joint, w.dMean, cells);
      store(first, count, k, upstream, dz, dTheta, w);
    }
  }

  /** Loads and evaluates the mixtures of some rows; {@code tails} asks for the distribution functions too. */
  private static ScalarMixtureBatch load(float[] z, float[] theta, int first, int rows, int k, boolean tails, BatchWorkspace w) {
    w.ensure(1, k, rows);
    ScalarMixtureBatch m = w.mixtures[0];
    int at = first * 3 * k;
    BatchLayout.gather(theta, at, 3 * k, m.weight, k, rows);
    BatchLayout.gather(theta, at + k, 3 * k, w.mean, k, rows);
    BatchLayout.gather(theta, at + 2 * k, 3 * k, w.inverseScale, k, rows);
    m.normalizeShifted(w.logitSum, k, rows, w);
    FloatMath.expNegative(w.inverseScale, w.inverseScale, w.steps, k * rows);
    System.arraycopy(z, first, w.perRow, 0, rows);
    m.standardize(w.perRow, w.mean, w.inverseScale, k, rows, w);
    m.densities(w.inverseScale, k, rows, w);
    if (tails) {
      m.quantiles(w.mass, k, rows, w);
    }
    BatchLayout.sum(w.inverseScale, k, rows, w.largestInverse, w); // at most K times the largest, and faster to compute
    ScalarMixtureBatch.begin(w.logitSum, w.headroom, rows, w.usable);
    m.judge(w.headroom, w.largestInverse, tails, rows, w.usable);
    return m;
  }

  /** Turns joint into the posterior weights r; writes c to {@code curve} and t to {@code tilt}. */
  private static void prepareGradient(ScalarMixtureBatch m, int rows, int k, BatchWorkspace w) {
    int cells = k * rows;
    m.posterior(m.joint, k, rows, w);
    tailFactors(m, w.factor, rows);
    float[] lowerShare = w.spread(0, w.factor[0], rows, cells);
    float[] upperShare = w.spread(1, w.factor[1], rows, cells);
    float[] signedMills = w.spread(2, w.factor[2], rows, cells);
    tilts(lowerShare, m.below, upperShare, m.above, signedMills, m.weight, w.tilt, cells);
    curves(m.x, w.inverseScale, w.spread(3, w.factor[3], rows, cells), w.curve, cells);
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

  /** Factor 0: sgn M / tail if the smaller tail is the lower one, else 0; 1: the same for the upper one; 2: sgn M; 3: u du/dz. */
  private static void tailFactors(ScalarMixtureBatch m, float[][] factor, int n) {
    for (int i = 0; i < n; i++) {
      float signedMills = m.mills[i] * (2f * m.lower[i] - 1f);
      float share = signedMills / m.tail[i];
      factor[0][i] = m.lower[i] * share;
      factor[1][i] = (1f - m.lower[i]) * share;
      factor[2][i] = signedMills;
      factor[3][i] = m.u[i] * m.slope[i];
    }
  }

  /** Factor 0: g = a + b u; 1: b; 2: a du/dz. */
  private static void factors(float[] a, float[] b, int first, ScalarMixtureBatch m, float[][] factor, int n) {
    for (int i = 0; i < n; i++) {
      factor[0][i] = a[first + i] + b[first + i] * m.u[i];
      factor[1][i] = b[first + i];
      factor[2][i] = a[first + i] * m.slope[i];
    }
  }

  /** dL/dlogit_k = g t_k + b (r_k - pi_k). */
  private static void logitGradients(float[] g, float[] t, float[] b, float[] r, float[] weight, float[] target, int n) {
    for (int i = 0; i < n; i++) {
      target[i] = g[i] * t[i] + b[i] * (r[i] - weight[i]) + FloatMath.FLUSH - FloatMath.FLUSH;
    }
  }

  /** Gradient of the logits through the density alone: b (r_k - pi_k). */
  private static void logitGradients(float[] b, float[] r, float[] weight, float[] target, int n) {
    for (int i = 0; i < n; i++) {
      target[i] = b[i] * (r[i] - weight[i]) + FloatMath.FLUSH - FloatMath.FLUSH;
    }
  }

  /** dL/dm_k = r_k (b c_k - a du/dz). */
  private static void meanGradients(float[] b, float[] c, float[] aSlope, float[] r, float[] target, int n) {
    for (int i = 0; i < n; i++) {
      target[i] = r[i] * (b[i] * c[i] - aSlope[i]) + FloatMath.FLUSH - FloatMath.FLUSH;
    }
  }

  /** Gradient of the means through the density alone: b r_k c_k. */
  private static void meanGradients(float[] b, float[] c, float[] r, float[] target, int n) {
    for (int i = 0; i < n; i++) {
      target[i] = b[i] * c[i] * r[i] + FloatMath.FLUSH - FloatMath.FLUSH;
    }
  }

  /** dL/dlogs_k = dL/dm_k (z - m_k) - b r_k. */
  private static void scaleGradients(float[] dMean, float[] offset, float[] b, float[] r, float[] target, int n) {
    for (int i = 0; i < n; i++) {
      target[i] = dMean[i] * offset[i] - b[i] * r[i] + FloatMath.FLUSH - FloatMath.FLUSH;
    }
  }

  /** Computes the gradients of the scales from those of the means and b [K][R], then stores all gradients in row order. */
  private static void store(int first, int rows, int k, float[] b, float[] dz, float[] dTheta, BatchWorkspace w) {
    ScalarMixtureBatch m = w.mixtures[0];
    scaleGradients(w.dMean, m.offset, b, m.joint, w.dLogScale, rows * k);
    int at = first * 3 * k;
    BatchLayout.scatter(w.dWeight, k, rows, dTheta, at, 3 * k);
    BatchLayout.scatter(w.dMean, k, rows, dTheta, at + k, 3 * k);
    BatchLayout.scatter(w.dLogScale, k, rows, dTheta, at + 2 * k, 3 * k);
    BatchLayout.sum(w.dMean, k, rows, w.perRow, w);
    for (int i = 0; i < rows; i++) {
      dz[first + i] = -w.perRow[i];
    }
  }

  /** Overwrites one row of the saved numbers with the results in double precision. */
  private static void takeSaved(int row, int rows, int k, BatchWorkspace w) {
    ScalarMixtureBatch m = w.mixtures[0];
    for (int j = 0; j < k; j++) {
      int at = row + j * rows;
      m.weight[at] = w.inDouble.saved(j);
      m.joint[at] = w.inDouble.saved(k + j);
      m.offset[at] = w.inDouble.saved(2 * k + j);
      w.curve[at] = w.inDouble.saved(3 * k + j);
      w.tilt[at] = w.inDouble.saved(4 * k + j);
    }
  }

  /** Saves the numbers that the gradients of both forward map and log-density need. */
  private static void save(ScalarMixtureBatch m, SavedNumbers saved, int n, BatchWorkspace w) {
    saved.write(m.weight, n);
    saved.write(m.joint, n);
    saved.write(m.offset, n);
    saved.write(w.curve, n);
  }

  private static void restore(SavedNumbers saved, int n, ScalarMixtureBatch m, BatchWorkspace w) {
    saved.read(m.weight, n);
    saved.read(m.joint, n);
    saved.read(m.offset, n);
    saved.read(w.curve, n);
  }
}
