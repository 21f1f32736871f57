package org.tarflowlm.coupling;

import java.util.Arrays;
import org.tarflowlm.vector.Loops;

/**
 * The components that matter to the joint density of one row among very many, sum_k exp(logits_k) N(z; m_k, s_k^2 I): all others
 * together are less than e^-{@value #DIGITS} of the largest. Found in single precision by {@link ComponentTiles}, evaluated in double.
 */
final class NearComponents {
  /** From this many components on it pays to look for the near ones. */
  static final int MANY = 2_048;
  /** Rows that pass by a tile of components together. */
  static final int ROWS = 8;
  private static final int DIGITS = 25;
  /** Beyond this log-density, up or down, single precision may not find the nearest. */
  private static final float LARGEST_LOG_DENSITY = 100_000f;

  /** How many there are, and their numbers, ascending. */
  int count;
  int[] component = new int[0];
  /** log of the joint density plus d log sqrt(2 pi), and then the posterior weights. */
  double[] weight = new double[0];
  /** log sum_k exp(joint_k). */
  double logSum;

  /** Joint log-densities of some rows, [ROWS][K], as {@link ComponentTiles} leaves them. */
  final float[][] joint = new float[ROWS][0];

  /** How far below the largest the terms of a sum of k may be left out: together they are e^-digits of it at most. */
  static double gap(int k, int digits) {
    return Math.log(k) + digits;
  }

  /** Joint log-densities over the first n dimensions of at most {@link #ROWS} rows into {@link #joint}. */
  void load(float[] z, float[] logits, int first, int rows, int n, Components c, ComponentTiles tiles) {
    for (int i = 0; i < rows; i++) {
      if (joint[i].length < c.count()) {
        joint[i] = new float[c.count()];
      }
    }
    tiles.load(c);
    tiles.joint(z, logits, first, rows, n, joint);
  }

  /** The component of the largest joint density in a loaded row; -1 if single precision cannot tell. */
  int nearest(int row, int k, LaneWorkspace w) {
    int best = Lanes.indexOfMax(joint[row], k, w);
    return best >= 0 && Math.abs(joint[row][best]) < LARGEST_LOG_DENSITY ? best : -1;
  }

  /**
   * Evaluates a loaded row, z and logits from {@code zAt} and {@code lAt}; false if single precision cannot tell which are near.
   */
  boolean evaluate(int row, float[] z, int zAt, float[] logits, int lAt, Components c, LaneWorkspace w) {
    int k = c.count();
    int best = nearest(row, k, w);
    if (best < 0) {
      return false;
    }
    select(joint[row], k, (float) (joint[row][best] - gap(k, DIGITS)));
    double max = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < count; j++) {
      double value = logDensity(component[j], z, zAt, c) + (logits == null ? 0 : logits[lAt + component[j]]);
      weight[j] = value;
      max = Math.max(max, value);
    }
    double sum = 0;
    for (int j = 0; j < count; j++) {
      weight[j] = Loops.exp(weight[j] - max);
      sum += weight[j];
    }
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

  private static double logDensity(int k, float[] z, int zAt, Components c) {
    double distance = 0;
    for (int i = 0; i < c.dims(); i++) {
      double x = (z[zAt + i] - c.means[i * c.count() + k]) * c.inverseScales[k];
      distance += x * x;
    }
    return -0.5 * distance - c.dims() * c.logScales[k];
  }

  /**
   * Gradient of b times {@link #logSum} by way of the densities: writes dz [d] from {@code zAt}, adds to dMeans [d][K] and
   * dLogScales [K].
   */
  void gradient(double b, float[] z, int zAt, Components c, float[] dz, double[] dMeans, double[] dLogScales) {
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
