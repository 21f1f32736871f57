package org.tarflowlm.coupling.near;

import java.util.Arrays;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.vector.DoubleLoops;

/**
 * The few components, out of very many, that matter to a row's joint density, sum_k exp(logits_k) N(z; m_k, s_k^2 I). All others together
 * are less than e^-{@value #DIGITS} of the largest. Found in single precision, evaluated in double.
 *
 * <p>The search runs over tiles of components; each tile stays in the processor's cache while several rows are compared with it.
 */
public final class NearComponents {
  /** From this many components on, searching for the near ones pays. */
  public static final int MANY = 2_048;
  /** Number of rows compared with a tile while it is in the cache. */
  static final int ROWS = 8;
  private static final int DIGITS = 25;
  /** Beyond this absolute log-density, single precision may not find the nearest component. */
  private static final float LARGEST_LOG_DENSITY = 100_000f;
  /** Components per tile; all dimensions of a tile and the rows' temporaries fit into the second-level cache. */
  private static final int TILE = 1_024;

  /** How many components were found; {@code component} holds their indices, ascending. */
  int count;
  int[] component = new int[0];
  /** First the log of the joint density plus d log sqrt(2 pi), then the posterior weights. */
  double[] weight = new double[0];
  /** log sum_k exp(joint_k). */
  double logSum;

  private Components components;
  private long version;
  /** Joint log-densities of some rows, [ROWS][K]. */
  private final float[][] joint = new float[ROWS][0];
  /** [tiles][d][TILE]. */
  private float[][][] mean = new float[0][0][];
  /** 1 / (2 s_k^2), [tiles][TILE]. */
  private float[][] halfPrecision = new float[0][];
  /** log s_k, [tiles][TILE]. */
  private float[][] logScale = new float[0][];
  private final float[] distance = new float[TILE];
  private final float[] ofTile = new float[TILE];

  NearComponents() {}

  /** How far below the log of the largest of k terms a term may be dropped, so that all dropped ones sum to at most e^-digits of it. */
  static double gap(int k, int digits) {
    return Math.log(k) + digits;
  }

  /**
   * If the row is the first of a block of {@link #ROWS}, computes the joint log-densities of the whole block,
   * logits_k - d log s_k - |z - m_k|^2 / (2 s_k^2), for z [n][d] and logits [n][K]; null logits are zeros.
   *
   * @return the row's index in its block
   */
  int load(float[] z, float[] logits, int row, int n, Components c) {
    int first = row % ROWS;
    if (first == 0) {
      components = c;
      if (version != c.version()) {
        version = c.version();
        cutIntoTiles();
      }
      joint(z, logits, row, Math.min(ROWS, n - row));
    }
    return first;
  }

  private void cutIntoTiles() {
    Components c = components;
    int tiles = (c.count() + TILE - 1) / TILE;
    if (mean.length < tiles || mean[0].length != c.dims()) {
      mean = new float[tiles][c.dims()][TILE];
      halfPrecision = new float[tiles][TILE];
      logScale = new float[tiles][TILE];
    }
    for (int t = 0; t < tiles; t++) {
      int at = t * TILE;
      for (int i = 0; i < c.dims(); i++) {
        narrow(c.means, i * c.count() + at, size(t), mean[t][i]);
      }
      narrow(c.logScales, at, size(t), logScale[t]);
      for (int j = 0; j < size(t); j++) {
        double inverse = c.inverseScales[at + j];
        halfPrecision[t][j] = (float) (0.5 * inverse * inverse);
      }
    }
  }

  private int size(int tile) {
    return Math.min(TILE, components.count() - tile * TILE);
  }

  private static void narrow(double[] source, int at, int n, float[] target) {
    for (int j = 0; j < n; j++) {
      target[j] = (float) source[at + j];
    }
  }

  private void joint(float[] z, float[] logits, int first, int rows) {
    int k = components.count();
    int dims = components.dims();
    for (int row = 0; row < rows; row++) {
      joint[row] = joint[row].length < k ? new float[k] : joint[row];
    }
    for (int at = 0, t = 0; at < k; at += TILE, t++) {
      for (int row = 0; row < rows; row++) {
        distances(z, (first + row) * dims, dims, mean[t]);
        if (logits == null) {
          plain(distance, halfPrecision[t], logScale[t], dims, ofTile, size(t));
        } else {
          System.arraycopy(logits, (first + row) * k + at, ofTile, 0, size(t));
          weighted(distance, halfPrecision[t], logScale[t], dims, ofTile, size(t));
        }
        System.arraycopy(ofTile, 0, joint[row], at, size(t));
      }
    }
  }

  /** distance = |z - m|^2, one dimension per loop, because the compiler vectorises several in one loop less well. */
  private void distances(float[] z, int zAt, int dims, float[][] means) {
    first(z[zAt], means[0], distance, TILE);
    for (int i = 1; i < dims; i++) {
      add(z[zAt + i], means[i], distance, TILE);
    }
  }

  private static void first(float z, float[] m, float[] sum, int n) {
    for (int j = 0; j < n; j++) {
      float x = z - m[j];
      sum[j] = x * x;
    }
  }

  private static void add(float z, float[] m, float[] sum, int n) {
    for (int j = 0; j < n; j++) {
      float x = z - m[j];
      sum[j] += x * x;
    }
  }

  private static void plain(float[] distance, float[] halfPrecision, float[] logScale, float volume, float[] joint, int n) {
    for (int j = 0; j < n; j++) {
      joint[j] = -(distance[j] * halfPrecision[j] + volume * logScale[j]);
    }
  }

  private static void weighted(float[] distance, float[] halfPrecision, float[] logScale, float volume, float[] joint, int n) {
    for (int j = 0; j < n; j++) {
      joint[j] -= distance[j] * halfPrecision[j] + volume * logScale[j];
    }
  }

  /** The component with the largest joint density in a loaded row; -1 if single precision cannot tell. */
  int nearest(int row, NearWorkspace w) {
    int best = w.indexOfMax(joint[row], components.count());
    return best >= 0 && Math.abs(joint[row][best]) < LARGEST_LOG_DENSITY ? best : -1;
  }

  /**
   * Evaluates a loaded row, with z from {@code zAt} and logits from {@code lAt}; false if single precision cannot find the near components.
   */
  boolean evaluate(int row, float[] z, int zAt, float[] logits, int lAt, NearWorkspace w) {
    int k = components.count();
    int best = nearest(row, w);
    if (best < 0) {
      return false;
    }
    select(joint[row], k, (float) (joint[row][best] - gap(k, DIGITS)));
    for (int j = 0; j < count; j++) {
      weight[j] = logDensity(component[j], z, zAt) + (logits == null ? 0 : logits[lAt + component[j]]);
    }
    double max = DoubleLoops.max(weight, 0, count);
    double sum = DoubleLoops.expInto(weight, 0, max, weight, 0, count);
    for (int j = 0; j < count; j++) {
      weight[j] /= sum;
    }
    logSum = max + Math.log(sum);
    return !Double.isNaN(logSum);
  }

  private void select(float[] values, int k, float least) {
    count = 0;
    for (int j = 0; j < k; j++) {
      if (values[j] >= least) {
        if (count == component.length) {
          component = Arrays.copyOf(component, 2 * count + 64);
          weight = new double[component.length];
        }
        component[count++] = j;
      }
    }
  }

  private double logDensity(int k, float[] z, int zAt) {
    Components c = components;
    double distance = 0;
    for (int i = 0; i < c.dims(); i++) {
      double x = (z[zAt + i] - c.means[i * c.count() + k]) * c.inverseScales[k];
      distance += x * x;
    }
    return -0.5 * distance - c.dims() * c.logScales[k];
  }

  /**
   * Gradient of b times {@link #logSum} through the densities alone, not the logits: writes dz [d] from {@code zAt}, adds to dMeans [d][K]
   * and dLogScales [K].
   */
  void gradient(double b, float[] z, int zAt, float[] dz, double[] dMeans, double[] dLogScales) {
    Components c = components;
    int k = c.count();
    for (int i = 0; i < c.dims(); i++) {
      double sum = 0;
      for (int j = 0; j < count; j++) {
        int at = component[j];
        double inverse = c.inverseScales[at];
        double x = (z[zAt + i] - c.means[i * k + at]) * inverse;
        double weighted = b * weight[j] * x;
        dMeans[i * k + at] += weighted * inverse;
        dLogScales[at] += weighted * x - b * weight[j];
        sum += weighted * inverse;
      }
      dz[zAt + i] = (float) -sum;
    }
  }
}
