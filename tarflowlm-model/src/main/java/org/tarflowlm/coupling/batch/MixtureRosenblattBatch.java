package org.tarflowlm.coupling.batch;

import java.util.Arrays;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.Normal;
import org.tarflowlm.vector.FloatLoops;
import org.tarflowlm.vector.FloatMath;

/**
 * {@link MixtureRosenblatt} in single precision, many vectors at a time: the same formulas, with vector instructions.
 * {@link MixtureRosenblatt} itself computes the few rows for which single precision does not suffice ({@link ScalarMixtureBatch#judge}).
 *
 * <pre>
 *   z, u, a, dz [n][d]      logits, dLogits [n][K]      logDet, logDensity, b [n]      dMeans [d][K]      dLogScales [K]
 * </pre>
 *
 * <p>The weights alpha_i stay normalised, so a component whose weight underflows in one dimension is lost to later ones. That matters
 * only if later dimensions make the remaining components just as improbable; a row's headroom, a product over dimensions, detects this.
 */
public final class MixtureRosenblattBatch {
  private static final float LARGEST = 1e30f;
  private static final float SMALLEST = 1e-25f;

  private MixtureRosenblattBatch() {}

  /** Fills u and logDet (in nats) of the rows [from, to). */
  public static void forward(float[] z, float[] logits, int from, int to, Components c, float[] u, float[] logDet, BatchWorkspace w) {
    int dims = c.dims();
    int rows = BatchLayout.rows(to - from, c.count());
    for (int first = from; first < to; first += rows) {
      int count = Math.min(rows, to - first);
      evaluate(z, logits, first, count, c, w);
      for (int i = 0; i < count; i++) {
        logDet[first + i] = w.logDet[i];
        for (int j = 0; j < dims; j++) {
          u[(first + i) * dims + j] = w.mixtures[j].u[i];
        }
        if (!w.usable[i]) {
          w.inDouble.forward(z, logits, first + i, c, u, logDet);
        }
      }
    }
  }

  /** Fills logDensity, in nats. */
  public static void logDensity(float[] z, float[] logits, int n, Components c, float[] logDensity, BatchWorkspace w) {
    int rows = BatchLayout.rows(n, c.count());
    float norm = (float) (c.dims() * Normal.LOG_SQRT_2PI);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      posterior(z, logits, first, count, c, w);
      for (int i = 0; i < count; i++) {
        logDensity[first + i] = w.logSum[i] - norm;
        if (!w.usable[i]) {
          w.inDouble.logDensity(z, logits, first + i, c, logDensity);
        }
      }
    }
  }

  /**
   * Gradient of sum(a u) + sum(b logDet) over the rows [from, to): fills dz and dLogits, adds to dMeans and dLogScales. The backward sweep
   * is that of {@link MixtureRosenblatt#gradient}.
   */
  public static void gradient(float[] z, float[] logits, int from, int to, Components c, float[] a, float[] b, float[] dz, float[] dLogits,
      double[] dMeans, double[] dLogScales, BatchWorkspace w) {
    int k = c.count();
    int dims = c.dims();
    int rows = BatchLayout.rows(to - from, k);
    for (int first = from; first < to; first += rows) {
      int count = Math.min(rows, to - first);
      int cells = count * k;
      evaluate(z, logits, first, count, c, w);
      blankUnusable(count, k, dims, w);
      System.arraycopy(b, first, w.upstream, 0, count);
      float[] upstream = w.spread(0, w.upstream, count, cells);
      FloatLoops.multiply(w.posterior, upstream, w.adjoint, cells);
      FloatLoops.multiply(w.mixtures[0].weight, upstream, w.dWeight, cells);
      Arrays.fill(w.dLogScale, 0, cells, 0f);
      float[] after = w.posterior;
      for (int i = dims - 1; i >= 0; i--) {
        backward(i, after, first, count, c, a, dz, dMeans, w);
        after = w.mixtures[i].weight;
      }
      BatchLayout.addRowSums(w.dLogScale, k, count, dLogScales, 0);
      subtract(w.adjoint, w.dWeight, cells);
      BatchLayout.scatter(w.adjoint, k, count, dLogits, first * k, k);
      for (int i = 0; i < count; i++) {
        if (!w.usable[i]) {
          w.inDouble.gradient(z, logits, first + i, c, a, b, dz, dLogits, dMeans, dLogScales);
        }
      }
    }
  }

  /** Gradient of sum(b logDensity), written to the same arrays. */
  public static void logDensityGradient(float[] z, float[] logits, int n, Components c, float[] b, float[] dz, float[] dLogits,
      double[] dMeans, double[] dLogScales, BatchWorkspace w) {
    int k = c.count();
    int rows = BatchLayout.rows(n, k);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      int cells = count * k;
      posterior(z, logits, first, count, c, w);
      for (int i = 0; i < count; i++) {
        w.upstream[i] = w.usable[i] ? b[first + i] : 0f;
      }
      float[] upstream = w.spread(0, w.upstream, count, cells);
      FloatLoops.multiply(w.posterior, upstream, w.adjoint, cells);
      FloatLoops.multiply(w.mixtures[0].weight, upstream, w.dWeight, cells);
      w.components.gradient(z, first, c.dims(), k, w.adjoint, dz, dMeans, dLogScales, w);
      subtract(w.adjoint, w.dWeight, cells);
      BatchLayout.scatter(w.adjoint, k, count, dLogits, first * k, k);
      for (int i = 0; i < count; i++) {
        if (!w.usable[i]) {
          w.inDouble.logDensityGradient(z, logits, first + i, c, b, dz, dLogits, dMeans, dLogScales);
        }
      }
    }
  }

  /**
   * Evaluates all dimensions of some rows: fills the mixtures, {@code logDet}, {@code usable}, and {@code posterior}, the weights after the
   * last dimension.
   */
  private static void evaluate(float[] z, float[] logits, int first, int rows, Components c, BatchWorkspace w) {
    int k = c.count();
    int dims = c.dims();
    w.ensure(dims, k, rows);
    ComponentsBatch components = w.components;
    components.load(c, rows);
    ScalarMixtureBatch m = w.mixtures[0];
    BatchLayout.gather(logits, first * k, k, m.weight, k, rows);
    m.normalize(w.logitSum, k, rows, w);
    ScalarMixtureBatch.begin(w.logitSum, w.headroom, rows, w.usable);
    Arrays.fill(w.logDet, 0, rows, 0f);
    for (int i = 0; i < dims; i++) {
      m = w.mixtures[i];
      for (int row = 0; row < rows; row++) {
        w.perRow[row] = z[(first + row) * dims + i];
      }
      m.standardize(w.perRow, components.mean[i], components.inverseScale, k, rows, w);
      m.densities(components.inverseScale, k, rows, w);
      m.quantiles(w.mass, k, rows, w);
      m.judge(w.headroom, components.largestInverse, true, rows, w.usable);
      FloatMath.log(m.slope, w.logSlope, w.perRow, rows);
      FloatLoops.add(w.logDet, w.logSlope, rows);
      m.posterior(i + 1 < dims ? w.mixtures[i + 1].weight : w.posterior, k, rows, w);
    }
  }

  /** Differences below 3e-24 become 0: as gradients of the logits they would slow down every product behind them. */
  private static void subtract(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = x[i] - y[i] + FloatMath.FLUSH - FloatMath.FLUSH;
    }
  }

  /** One dimension of the backward sweep; {@code after} holds the weights given this dimension. */
  private static void backward(int i, float[] after, int first, int rows, Components c, float[] a, float[] dz, double[] dMeans,
      BatchWorkspace w) {
    int k = c.count();
    int dims = c.dims();
    int cells = k * rows;
    ScalarMixtureBatch m = w.mixtures[i];
    for (int row = 0; row < rows; row++) {
      w.perRow[row] = a[(first + row) * dims + i];
    }
    factors(m, w.perRow, w.upstream, w.factor, w.usable, rows);
    float[] gSlope = w.spread(0, w.factor[0], rows, cells);
    float[] gMills = w.spread(1, w.factor[1], rows, cells);
    float[] lowerShare = w.spread(2, w.factor[2], rows, cells);
    float[] upperShare = w.spread(3, w.factor[3], rows, cells);
    FloatLoops.multiply(w.adjoint, m.x, w.components.inverseScale, w.dMean, cells);
    FloatLoops.subtractProduct(w.dMean, gSlope, after, w.dMean, cells);
    FloatLoops.addProduct(w.dLogScale, w.dMean, m.offset, cells);
    FloatLoops.subtract(w.dLogScale, w.adjoint, cells);
    BatchLayout.addRowSums(w.dMean, k, rows, dMeans, i * k);
    FloatLoops.addProduct(w.adjoint, lowerShare, m.below, cells);
    FloatLoops.addProduct(w.adjoint, upperShare, m.above, cells);
    FloatLoops.subtractProduct(w.adjoint, gMills, m.weight, w.adjoint, cells);
    BatchLayout.sum(w.dMean, k, rows, w.perRow, w);
    for (int row = 0; row < rows; row++) {
      dz[(first + row) * dims + i] = -w.perRow[row];
    }
  }

  /** With g = a + b u, factor 0: g du/dz; 1: g sgn M; 2 and 3: g sgn M / tail for the lower and the upper tail. */
  private static void factors(ScalarMixtureBatch m, float[] a, float[] b, float[][] factor, boolean[] usable, int n) {
    for (int i = 0; i < n; i++) {
      float g = usable[i] ? a[i] + b[i] * m.u[i] : 0f;
      float signedMills = usable[i] ? g * m.mills[i] * (2f * m.lower[i] - 1f) : 0f;
      float share = usable[i] ? signedMills / m.tail[i] : 0f;
      factor[0][i] = usable[i] ? g * m.slope[i] : 0f;
      factor[1][i] = signedMills;
      factor[2][i] = m.lower[i] > 0 ? share : 0f;
      factor[3][i] = m.lower[i] > 0 ? 0f : share;
    }
  }

  /** Zeroes unusable rows, because their numbers might be infinite and would enter sums over rows. */
  private static void blankUnusable(int rows, int k, int dims, BatchWorkspace w) {
    for (int row = 0; row < rows; row++) {
      if (!w.usable[row]) {
        blank(w.posterior, row, rows, k);
        for (int i = 0; i < dims; i++) {
          w.mixtures[i].blank(row, rows, k);
        }
      }
    }
  }

  static void blank(float[] x, int row, int rows, int k) {
    for (int j = 0; j < k; j++) {
      x[row + j * rows] = 0f;
    }
  }

  /**
   * Writes the normalised weights pi to the first mixture, the weights given z to {@code posterior}, and log p(z) + d log sqrt(2 pi) to
   * {@code logSum}. Works with logarithms relative to the largest: one exponential per component, whatever d is.
   */
  private static void posterior(float[] z, float[] logits, int first, int rows, Components c, BatchWorkspace w) {
    int k = c.count();
    int cells = k * rows;
    w.ensure(1, k, rows);
    w.components.load(c, rows);
    ScalarMixtureBatch m = w.mixtures[0];
    BatchLayout.gather(logits, first * k, k, m.weight, k, rows);
    System.arraycopy(m.weight, 0, w.posterior, 0, cells);
    m.normalize(w.logitSum, k, rows, w);
    FloatMath.log(w.logitSum, w.logLogitSum, w.perRow, rows);
    w.components.addLogDensities(z, first, c.dims(), k, w.posterior, w);
    w.components.softmax(w.posterior, k, w);
    for (int i = 0; i < rows; i++) {
      w.logSum[i] -= w.logLogitSum[i];
      w.usable[i] &= w.logitSum[i] > SMALLEST && w.logitSum[i] < LARGEST;
      if (!w.usable[i]) {
        blank(w.posterior, i, rows, k);
        m.blank(i, rows, k);
      }
    }
  }
}
