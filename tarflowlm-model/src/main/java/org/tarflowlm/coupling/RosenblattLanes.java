package org.tarflowlm.coupling;

import java.util.Arrays;
import org.tarflowlm.vector.LaneMath;

/**
 * {@link MixtureRosenblatt} in single precision, many vectors at a time: the same formulas, with vector instructions. The few rows that
 * single precision cannot hold ({@link MixtureLanes#judge}) are computed by {@link MixtureRosenblatt}.
 *
 * <pre>
 *   z, u, a, dz [n][d]      logits, dLogits [n][K]      logDet, logDensity, b [n]      dMeans [d][K]      dLogScales [K]
 * </pre>
 *
 * <p>The weights alpha_i are kept normalised, so a component whose weight underflows in one dimension is lost to the later ones. That
 * matters only if all that was left has become as improbable since; the rows' headroom, a product over dimensions, tells.
 *
 * <p>Very many components go another way, {@link RosenblattSparse}.
 */
public final class RosenblattLanes {
  private static final float LARGEST = 1e30f;
  private static final float SMALLEST = 1e-25f;

  private RosenblattLanes() {}

  /** Fills u and logDet. */
  public static void forward(float[] z, float[] logits, int n, Components c, float[] u, float[] logDet, LaneWorkspace w) {
    if (c.count() >= NearComponents.MANY) {
      RosenblattSparse.forward(z, logits, n, c, u, logDet, w);
    } else {
      forward(z, logits, 0, n, c, u, logDet, w);
    }
  }

  /** Rows from {@code from} to before {@code to}, with all components. */
  static void forward(float[] z, float[] logits, int from, int to, Components c, float[] u, float[] logDet, LaneWorkspace w) {
    int dims = c.dims();
    int rows = Lanes.rows(to - from, c.count());
    for (int first = from; first < to; first += rows) {
      int count = Math.min(rows, to - first);
      evaluate(z, logits, first, count, c, w);
      for (int i = 0; i < count; i++) {
        logDet[first + i] = w.row[5][i];
        for (int j = 0; j < dims; j++) {
          u[(first + i) * dims + j] = w.mixtures[j].u[i];
        }
        if (!w.usable[i]) {
          RosenblattScalar.forward(z, logits, first + i, c, u, logDet, w);
        }
      }
    }
  }

  /** Fills logDensity. */
  public static void logDensity(float[] z, float[] logits, int n, Components c, float[] logDensity, LaneWorkspace w) {
    if (c.count() >= NearComponents.MANY) {
      RosenblattSparse.logDensity(z, logits, n, c, logDensity, w);
      return;
    }
    int rows = Lanes.rows(n, c.count());
    float norm = (float) (c.dims() * Normal.LOG_SQRT_2PI);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      posterior(z, logits, first, count, c, w);
      for (int i = 0; i < count; i++) {
        logDensity[first + i] = w.row[5][i] - norm;
        if (!w.usable[i]) {
          RosenblattScalar.logDensity(z, logits, first + i, c, logDensity, w);
        }
      }
    }
  }

  /**
   * Gradient of sum(a u) + sum(b logDet): fills dz and dLogits, adds to dMeans and dLogScales. The backward sweep is that of
   * {@link MixtureRosenblatt#gradient}.
   */
  public static void gradient(float[] z, float[] logits, int n, Components c, float[] a, float[] b, float[] dz, float[] dLogits,
      double[] dMeans, double[] dLogScales, LaneWorkspace w) {
    if (c.count() >= NearComponents.MANY) {
      RosenblattSparse.gradient(z, logits, n, c, a, b, dz, dLogits, dMeans, dLogScales, w);
    } else {
      gradient(z, logits, 0, n, c, a, b, dz, dLogits, dMeans, dLogScales, w);
    }
  }

  /** Rows from {@code from} to before {@code to}, with all components. */
  static void gradient(float[] z, float[] logits, int from, int to, Components c, float[] a, float[] b, float[] dz, float[] dLogits,
      double[] dMeans, double[] dLogScales, LaneWorkspace w) {
    int k = c.count();
    int dims = c.dims();
    int rows = Lanes.rows(to - from, k);
    for (int first = from; first < to; first += rows) {
      int count = Math.min(rows, to - first);
      int cells = count * k;
      evaluate(z, logits, first, count, c, w);
      blankUnusable(count, k, dims, w);
      System.arraycopy(b, first, w.row[4], 0, count);
      Lanes.repeat(w.row[4], w.factor[0], count, cells);
      Lanes.multiply(w.posterior, w.factor[0], w.adjoint, cells);
      Lanes.multiply(w.mixtures[0].weight, w.factor[0], w.dWeight, cells);
      Arrays.fill(w.dLogScale, 0, cells, 0f);
      float[] after = w.posterior;
      for (int i = dims - 1; i >= 0; i--) {
        backward(i, after, first, count, c, a, dz, dMeans, w);
        after = w.mixtures[i].weight;
      }
      Lanes.addRowSums(w.dLogScale, k, count, dLogScales, 0);
      Lanes.subtract(w.adjoint, w.dWeight, cells);
      Lanes.scatter(w.adjoint, k, count, dLogits, first * k, k);
      for (int i = 0; i < count; i++) {
        if (!w.usable[i]) {
          RosenblattScalar.gradient(z, logits, first + i, c, a, b, dz, dLogits, dMeans, dLogScales, w);
        }
      }
    }
  }

  /** Gradient of sum(b logDensity), to the same places. */
  public static void logDensityGradient(float[] z, float[] logits, int n, Components c, float[] b, float[] dz, float[] dLogits,
      double[] dMeans, double[] dLogScales, LaneWorkspace w) {
    if (c.count() >= NearComponents.MANY) {
      RosenblattSparse.logDensityGradient(z, logits, n, c, b, dz, dLogits, dMeans, dLogScales, w);
      return;
    }
    int k = c.count();
    int rows = Lanes.rows(n, k);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      int cells = count * k;
      posterior(z, logits, first, count, c, w);
      for (int i = 0; i < count; i++) {
        w.row[4][i] = w.usable[i] ? b[first + i] : 0f;
      }
      Lanes.repeat(w.row[4], w.factor[0], count, cells);
      Lanes.multiply(w.posterior, w.factor[0], w.adjoint, cells);
      Lanes.multiply(w.mixtures[0].weight, w.factor[0], w.dWeight, cells);
      w.components.gradient(z, first, c.dims(), k, w.adjoint, dz, dMeans, dLogScales, w);
      Lanes.subtract(w.adjoint, w.dWeight, cells);
      Lanes.scatter(w.adjoint, k, count, dLogits, first * k, k);
      for (int i = 0; i < count; i++) {
        if (!w.usable[i]) {
          RosenblattScalar.logDensityGradient(z, logits, first + i, c, b, dz, dLogits, dMeans, dLogScales, w);
        }
      }
    }
  }

  /**
   * All dimensions of some rows: the mixtures, log |det du/dz| in row 5 and whether the rows are usable; the weights after the last
   * dimension in {@code posterior}.
   */
  private static void evaluate(float[] z, float[] logits, int first, int rows, Components c, LaneWorkspace w) {
    int k = c.count();
    int dims = c.dims();
    int cells = k * rows;
    w.ensure(dims, k, rows);
    ComponentLanes components = w.components;
    components.load(c, rows);
    float[] headroom = w.row[3];
    float[] logDet = w.row[5];
    MixtureLanes m = w.mixtures[0];
    Lanes.gather(logits, first * k, k, m.weight, k, rows);
    m.normalize(w.row[2], k, rows, w);
    MixtureLanes.begin(w.row[2], headroom, rows, w.usable);
    Arrays.fill(logDet, 0, rows, 0f);
    for (int i = 0; i < dims; i++) {
      m = w.mixtures[i];
      for (int row = 0; row < rows; row++) {
        w.row[0][row] = z[(first + row) * dims + i];
      }
      m.standardize(w.row[0], components.mean[i], components.inverseScale, k, rows, w);
      m.densities(components.inverseScale, k, rows, w);
      m.quantiles(k, rows, w);
      m.judge(headroom, components.largestInverse, true, rows, w.usable);
      LaneMath.log(m.slope, w.row[1], w.row[0], rows);
      Lanes.add(logDet, w.row[1], rows);
      m.posterior(i + 1 < dims ? w.mixtures[i + 1].weight : w.posterior, k, rows, w);
    }
  }

  /** One dimension of the backward sweep; {@code after} are the weights behind the dimension. */
  private static void backward(int i, float[] after, int first, int rows, Components c, float[] a, float[] dz, double[] dMeans,
      LaneWorkspace w) {
    int k = c.count();
    int dims = c.dims();
    int cells = k * rows;
    MixtureLanes m = w.mixtures[i];
    for (int row = 0; row < rows; row++) {
      w.row[0][row] = a[(first + row) * dims + i];
    }
    factors(m, w.row, w.usable, rows);
    for (int j = 0; j < 4; j++) {
      Lanes.repeat(w.row[j], w.factor[j], rows, cells);
    }
    Lanes.multiply(w.adjoint, m.x, w.components.inverseScale, w.dMean, cells);
    Lanes.subtractProduct(w.dMean, w.factor[0], after, w.dMean, cells);
    Lanes.addProduct(w.dMean, m.offset, w.dLogScale, cells);
    Lanes.subtract(w.dLogScale, w.adjoint, cells);
    Lanes.addRowSums(w.dMean, k, rows, dMeans, i * k);
    Lanes.addProduct(w.factor[2], m.below, w.adjoint, cells);
    Lanes.addProduct(w.factor[3], m.above, w.adjoint, cells);
    Lanes.subtractProduct(w.adjoint, w.factor[1], m.weight, w.adjoint, cells);
    Lanes.sum(w.dMean, k, rows, w.row[0], w);
    for (int row = 0; row < rows; row++) {
      dz[(first + row) * dims + i] = -w.row[0][row];
    }
  }

  /**
   * From a in row 0 and b in row 4, with g = a + b u: 0: g du/dz, 1: g sgn M, 2 and 3: g sgn M / tail for the lower and the upper tail.
   */
  private static void factors(MixtureLanes m, float[][] row, boolean[] usable, int n) {
    for (int i = 0; i < n; i++) {
      float g = usable[i] ? row[0][i] + row[4][i] * m.u[i] : 0f;
      float signedMills = usable[i] ? g * m.mills[i] * (2f * m.lower[i] - 1f) : 0f;
      float share = usable[i] ? signedMills / m.tail[i] : 0f;
      row[0][i] = usable[i] ? g * m.slope[i] : 0f;
      row[1][i] = signedMills;
      row[2][i] = m.lower[i] > 0 ? share : 0f;
      row[3][i] = m.lower[i] > 0 ? 0f : share;
    }
  }

  /** Zeros in the lanes of unusable rows, whose numbers might be infinite: they take part in sums over rows. */
  private static void blankUnusable(int rows, int k, int dims, LaneWorkspace w) {
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
   * Normalised weights pi in the first mixture, those given z in {@code posterior}, log p(z) + d log sqrt(2 pi) in row 5. By logarithms
   * relative to the largest: one exponential per component, whatever d is.
   */
  private static void posterior(float[] z, float[] logits, int first, int rows, Components c, LaneWorkspace w) {
    int k = c.count();
    int cells = k * rows;
    w.ensure(1, k, rows);
    w.components.load(c, rows);
    MixtureLanes m = w.mixtures[0];
    Lanes.gather(logits, first * k, k, m.weight, k, rows);
    System.arraycopy(m.weight, 0, w.posterior, 0, cells);
    m.normalize(w.row[2], k, rows, w);
    LaneMath.log(w.row[2], w.row[4], w.row[0], rows);
    w.components.addLogDensities(z, first, c.dims(), k, w.posterior, w);
    w.components.softmax(w.posterior, k, w);
    for (int i = 0; i < rows; i++) {
      w.row[5][i] -= w.row[4][i];
      w.usable[i] &= w.row[2][i] > SMALLEST && w.row[2][i] < LARGEST;
      if (!w.usable[i]) {
        blank(w.posterior, i, rows, k);
        m.blank(i, rows, k);
      }
    }
  }
}
