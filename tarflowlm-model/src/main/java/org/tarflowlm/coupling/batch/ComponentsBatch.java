package org.tarflowlm.coupling.batch;

import java.util.Arrays;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.vector.FloatLoops;
import org.tarflowlm.vector.FloatMath;

/**
 * {@link Components} in single precision and the layout of {@link BatchLayout}: each number is repeated for every row, as the loops over
 * all components of all rows require. Cached until other components or another number of rows are requested.
 *
 * <p>Also computes what needs only the components' joint density over all dimensions, not the conditional ones.
 */
final class ComponentsBatch {
  /** Beyond this absolute log-density, single precision cannot tell which component is the nearest. */
  private static final float LARGEST_LOG_DENSITY = 2_000f;

  /** [d][K][R]. */
  float[][] mean = new float[0][];
  /** [K][R]. */
  float[] inverseScale = new float[0];
  /** d log s_k, [K][R]. */
  float[] volume = new float[0];
  /** Largest 1 / s_k, repeated R times. */
  float[] largestInverse = new float[0];

  private long version;
  private int rows;

  void load(Components c, int newRows) {
    if (version == c.version() && rows == newRows) {
      return;
    }
    version = c.version();
    rows = newRows;
    int k = c.count();
    int cells = k * rows;
    if (mean.length < c.dims()) {
      mean = Arrays.copyOf(mean, c.dims());
    }
    for (int i = 0; i < c.dims(); i++) {
      mean[i] = atLeast(mean[i], cells);
      BatchLayout.spread(c.means, i * k, k, rows, mean[i]);
    }
    inverseScale = atLeast(inverseScale, cells);
    volume = atLeast(volume, cells);
    largestInverse = atLeast(largestInverse, rows);
    BatchLayout.spread(c.inverseScales, 0, k, rows, inverseScale);
    BatchLayout.spread(c.logScales, 0, k, rows, volume);
    FloatLoops.scale(volume, 0, cells, c.dims());
    double largest = 0;
    for (int j = 0; j < k; j++) {
      largest = Math.max(largest, c.inverseScales[j]);
    }
    Arrays.fill(largestInverse, 0, rows, (float) largest);
  }

  private static float[] atLeast(float[] x, int n) {
    return x != null && x.length >= n ? x : new float[n];
  }

  /** joint -= d log s_k + |z - m_k|^2 / (2 s_k^2), for R rows of z [..][d] from row {@code first}. */
  void addLogDensities(float[] z, int first, int dims, int k, float[] joint, BatchWorkspace w) {
    int cells = k * rows;
    FloatLoops.subtract(joint, volume, cells);
    for (int i = 0; i < dims; i++) {
      subtractHalfSquare(channel(z, first, dims, i, cells, w), mean[i], inverseScale, joint, cells);
    }
  }

  /**
   * Softmax of {@code joint} [K][R] in place, relative to the largest: one exponential per component, whatever d is. Writes
   * log sum_k exp(joint_k) to {@code logSum}, and to {@code usable} whether single precision suffices.
   */
  void softmax(float[] joint, int k, BatchWorkspace w) {
    int cells = k * rows;
    float[] largest = w.logSum;
    BatchLayout.max(joint, k, rows, largest, w);
    FloatLoops.subtract(joint, w.spread(0, largest, rows, cells), cells);
    FloatMath.exp(joint, joint, w.steps, cells);
    BatchLayout.sum(joint, k, rows, w.total, w);
    FloatMath.log(w.total, w.logTotal, w.perRow, rows);
    for (int i = 0; i < rows; i++) {
      w.usable[i] = Math.abs(largest[i]) < LARGEST_LOG_DENSITY;
      w.logSum[i] += w.logTotal[i];
      w.total[i] = 1f / w.total[i];
    }
    normalize(joint, w.spread(0, w.total, rows, cells), cells);
  }

  /** joint = (joint - exp(-80)) inverseTotal, because far components have just that, and 0 is faster to compute with. */
  private static void normalize(float[] joint, float[] inverseTotal, int n) {
    for (int i = 0; i < n; i++) {
      joint[i] = (joint[i] - FloatMath.LEAST_EXP) * inverseTotal[i];
    }
  }

  /**
   * Gradient of sum_k adjoint_k log N(z; m_k, s_k^2 I): writes the rows of dz, adds to dMeans [d][K] and dLogScales [K].
   */
  void gradient(float[] z, int first, int dims, int k, float[] adjoint, float[] dz, double[] dMeans, double[] dLogScales,
      BatchWorkspace w) {
    int cells = k * rows;
    System.arraycopy(adjoint, 0, w.dLogScale, 0, cells);
    FloatLoops.scale(w.dLogScale, 0, cells, -dims);
    for (int i = 0; i < dims; i++) {
      standardize(channel(z, first, dims, i, cells, w), mean[i], inverseScale, w.steps, cells);
      FloatLoops.multiply(w.steps, adjoint, inverseScale, w.dMean, cells);
      addSquares(adjoint, w.steps, w.dLogScale, cells);
      BatchLayout.addRowSums(w.dMean, k, rows, dMeans, i * k);
      BatchLayout.sum(w.dMean, k, rows, w.perRow, w);
      for (int row = 0; row < rows; row++) {
        dz[(first + row) * dims + i] = -w.perRow[row];
      }
    }
    BatchLayout.addRowSums(w.dLogScale, k, rows, dLogScales, 0);
  }

  /** Channel {@code i} of each row of z, repeated for every component: [K][R]. */
  private float[] channel(float[] z, int first, int dims, int i, int cells, BatchWorkspace w) {
    for (int row = 0; row < rows; row++) {
      w.perRow[row] = z[(first + row) * dims + i];
    }
    return w.spread(0, w.perRow, rows, cells);
  }

  private static void subtractHalfSquare(float[] z, float[] mean, float[] inverseScale, float[] joint, int n) {
    for (int i = 0; i < n; i++) {
      float x = (z[i] - mean[i]) * inverseScale[i];
      joint[i] -= 0.5f * x * x;
    }
  }

  /** x = (z - m) / s. */
  private static void standardize(float[] z, float[] mean, float[] inverseScale, float[] x, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = (z[i] - mean[i]) * inverseScale[i];
    }
  }

  /** sum += a x^2. */
  private static void addSquares(float[] a, float[] x, float[] sum, int n) {
    for (int i = 0; i < n; i++) {
      sum[i] += a[i] * x[i] * x[i];
    }
  }
}
