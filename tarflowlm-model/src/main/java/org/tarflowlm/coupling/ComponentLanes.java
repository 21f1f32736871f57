package org.tarflowlm.coupling;

import java.util.Arrays;
import org.tarflowlm.vector.LaneMath;

/**
 * {@link Components} in single precision and the layout of {@link Lanes}: each number stands once for every row, so that the loops over
 * all components of all rows need nothing else. Kept until other components or another number of rows are asked for.
 *
 * <p>Beside them what needs the components' joint density over all dimensions only, not the conditional ones.
 */
final class ComponentLanes {
  /** Beyond this log-density, up or down, rounding in single precision blurs which component is the nearest. */
  private static final float LARGEST_LOG_DENSITY = 2_000f;

  /** [d][K][R]. */
  float[][] mean = new float[0][];
  /** [K][R]. */
  float[] inverseScale = new float[0];
  /** d log s_k, [K][R]. */
  float[] volume = new float[0];
  /** Largest 1 / s_k, R times. */
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
      Lanes.spread(c.means, i * k, k, rows, mean[i]);
    }
    inverseScale = atLeast(inverseScale, cells);
    volume = atLeast(volume, cells);
    largestInverse = atLeast(largestInverse, rows);
    Lanes.spread(c.inverseScales, 0, k, rows, inverseScale);
    Lanes.spread(c.logScales, 0, k, rows, volume);
    scale(volume, c.dims(), cells);
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
  void addLogDensities(float[] z, int first, int dims, int k, float[] joint, LaneWorkspace w) {
    int cells = k * rows;
    Lanes.subtract(joint, volume, cells);
    for (int i = 0; i < dims; i++) {
      repeatColumn(z, first, dims, i, cells, w);
      subtractHalfSquare(w.factor[0], mean[i], inverseScale, joint, cells);
    }
  }

  /**
   * Softmax of {@code joint} [K][R] in place, relative to the largest: one exponential per component, whatever d is. Leaves
   * log sum_k exp(joint_k) in row 5 and whether single precision will do in {@code usable}; uses rows 0, 1 and 3.
   */
  void softmax(float[] joint, int k, LaneWorkspace w) {
    int cells = k * rows;
    Lanes.max(joint, k, rows, w.row[5], w);
    Lanes.repeat(w.row[5], w.factor[0], rows, cells);
    Lanes.subtract(joint, w.factor[0], cells);
    LaneMath.exp(joint, joint, w.steps, cells);
    Lanes.sum(joint, k, rows, w.row[3], w);
    LaneMath.log(w.row[3], w.row[1], w.row[0], rows);
    for (int i = 0; i < rows; i++) {
      w.usable[i] = Math.abs(w.row[5][i]) < LARGEST_LOG_DENSITY;
      w.row[5][i] += w.row[1][i];
      w.row[3][i] = 1f / w.row[3][i];
    }
    Lanes.repeat(w.row[3], w.factor[0], rows, cells);
    Lanes.multiply(joint, w.factor[0], joint, cells);
  }

  /**
   * Gradient of sum_k adjoint_k log N(z; m_k, s_k^2 I): writes the rows of dz, adds to dMeans [d][K] and dLogScales [K].
   */
  void gradient(float[] z, int first, int dims, int k, float[] adjoint, float[] dz, double[] dMeans, double[] dLogScales,
      LaneWorkspace w) {
    int cells = k * rows;
    System.arraycopy(adjoint, 0, w.dLogScale, 0, cells);
    scale(w.dLogScale, -dims, cells);
    for (int i = 0; i < dims; i++) {
      repeatColumn(z, first, dims, i, cells, w);
      standardize(w.factor[0], mean[i], inverseScale, w.steps, cells);
      Lanes.multiply(w.steps, adjoint, inverseScale, w.dMean, cells);
      addSquares(adjoint, w.steps, w.dLogScale, cells);
      Lanes.addRowSums(w.dMean, k, rows, dMeans, i * k);
      Lanes.sum(w.dMean, k, rows, w.row[0], w);
      for (int row = 0; row < rows; row++) {
        dz[(first + row) * dims + i] = -w.row[0][row];
      }
    }
    Lanes.addRowSums(w.dLogScale, k, rows, dLogScales, 0);
  }

  /** Factor 0 [K][R] = number {@code i} of each row of z. */
  private void repeatColumn(float[] z, int first, int dims, int i, int cells, LaneWorkspace w) {
    for (int row = 0; row < rows; row++) {
      w.row[0][row] = z[(first + row) * dims + i];
    }
    Lanes.repeat(w.row[0], w.factor[0], rows, cells);
  }

  private static void scale(float[] x, float factor, int n) {
    for (int i = 0; i < n; i++) {
      x[i] *= factor;
    }
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
