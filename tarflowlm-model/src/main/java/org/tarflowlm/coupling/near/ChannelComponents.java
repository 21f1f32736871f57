package org.tarflowlm.coupling.near;

import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.batch.ScalarMixtureBatch;
import org.tarflowlm.vector.FloatLoops;
import org.tarflowlm.vector.FloatMath;

/**
 * The components that can still matter to one channel of {@link MixtureRosenblattNear}, and the results of the channel's map. Arrays have
 * one entry per component kept.
 */
final class ChannelComponents {
  /**
   * A power of two that multiplies masses and tails. It changes no digit of a sum, but keeps masses above the subnormal numbers, with which
   * an Intel processor computes twenty times slower.
   */
  private static final float FACTOR = 0x1p100f;

  int count;
  /** Index of each component among all K, ascending. */
  int[] component = new int[0];
  /** Index of each component among those of the previous channel. */
  int[] parent = new int[0];
  float[] inverseScale = new float[0];
  float[] logScale = new float[0];
  /** Joint log-densities over the previous channels, relative to {@link #largest}. */
  float[] joint = new float[0];
  double largest;
  /** Sum of exp(joint); {@code logSum} is {@link #largest} plus its logarithm. */
  float sum;
  double logSum;
  float[] adjoint = new float[0];
  /** The normalised weights and the channel's map, with R = 1; its {@code joint} already includes this channel. */
  final ScalarMixtureBatch mixture = new ScalarMixtureBatch();

  void ensure(int size) {
    if (component.length < size) {
      int room = Math.max(size, 2 * component.length);
      component = new int[room];
      parent = new int[room];
      inverseScale = new float[room];
      logScale = new float[room];
      joint = new float[room];
      adjoint = new float[room];
      mixture.ensure(room, 1);
    }
  }

  /** Loads all components, except for their log-densities. */
  void fill(Components c) {
    ensure(c.count());
    count = c.count();
    for (int j = 0; j < count; j++) {
      component[j] = j;
      inverseScale[j] = (float) c.inverseScales[j];
      logScale[j] = (float) c.logScales[j];
    }
  }

  /** Shifts {@link #joint} by its maximum, forms the weights, and returns the index of the maximum. */
  int weigh(double shift, NearWorkspace w) {
    int best = Math.max(0, w.indexOfMax(joint, count));
    float max = joint[best];
    largest = shift + max;
    FloatLoops.subtract(joint, 0, count, max);
    System.arraycopy(joint, 0, mixture.weight, 0, count);
    FloatMath.exp(mixture.weight, mixture.weight, w.steps, count);
    sum = w.sum(mixture.weight, count);
    logSum = largest + Math.log(sum);
    FloatLoops.scale(mixture.weight, 0, count, 1f / sum);
    return best;
  }

  /**
   * Computes the channel's x and the joint log-densities that include it.
   *
   * @param means of all components in this channel, [K]
   */
  void standardize(float z, float[] means) {
    ScalarMixtureBatch m = mixture;
    pick(means, component, m.offset, count);
    standardize(z, m.offset, inverseScale, m.x, count);
    extend(joint, logScale, m.x, m.joint, count);
  }

  /** Fills the next channel with the components whose joint log-density is at least {@code least} + {@code slope} log s_k. */
  void keep(float least, float slope, ChannelComponents next, NearWorkspace w) {
    excess(mixture.joint, logScale, least, slope, w.steps, count);
    int kept = survivors(w.steps, w.index, count);
    next.ensure(kept);
    next.count = kept;
    System.arraycopy(w.index, 0, next.parent, 0, kept);
    pick(component, next.parent, next.component, kept);
    pick(inverseScale, next.parent, next.inverseScale, kept);
    pick(logScale, next.parent, next.logScale, kept);
    pick(mixture.joint, next.parent, next.joint, kept);
  }

  /** Writes the indices of the non-negative numbers and returns their count, without branches, since none would be predictable. */
  private static int survivors(float[] x, int[] target, int n) {
    int kept = 0;
    for (int j = 0; j < n; j++) {
      target[kept] = j;
      kept += 1 + (Float.floatToRawIntBits(x[j]) >> 31);
    }
    return kept;
  }

  /** Computes u, the tails and the slope, given the next channel. */
  void map(ChannelComponents behind, NearWorkspace w) {
    mixture.density[0] = (float) Math.exp(behind.logSum - logSum);
    FloatMath.gauss(mixture.x, w.mass, w.steps, count);
    weight(mixture.weight, w.weights, w.mass, count);
    w.quantiles(mixture, FACTOR, count);
  }

  /**
   * One channel of the sweep of {@link MixtureRosenblatt#gradient}, with g = a_i + b u_i: computes this channel's adjoints from the next
   * channel's. Only the next channel's components have an adjoint, or a weight given this channel. Adds to the channel's part of dMeans,
   * from {@code at}, and to dLogScales; returns the sum of dL/dm_ki.
   */
  double backward(float g, ChannelComponents behind, double[] dMeans, int at, double[] dLogScales, NearWorkspace w) {
    ScalarMixtureBatch m = mixture;
    int n = behind.count;
    float signedMills = g * m.mills[0] * (2f * m.lower[0] - 1f);
    tailAdjoints(m.lower[0] > 0 ? m.below : m.above, signedMills / m.tail[0] / FACTOR, m.weight, signedMills, adjoint, count);
    pick(m.x, behind.parent, w.steps, n);
    meanGradient(behind.adjoint, w.steps, behind.inverseScale, g * m.slope[0], behind.mixture.weight, w.dMean, n);
    pick(m.offset, behind.parent, w.steps, n);
    scaleGradient(w.dMean, w.steps, behind.adjoint, w.dLogScale, n);
    addAt(w.dMean, behind.component, dMeans, at, n);
    addAt(w.dLogScale, behind.component, dLogScales, 0, n);
    addAt(behind.adjoint, behind.parent, adjoint, n);
    return w.sum(w.dMean, n);
  }

  private static void pick(int[] source, int[] index, int[] target, int n) {
    for (int j = 0; j < n; j++) {
      target[j] = source[index[j]];
    }
  }

  private static void pick(float[] source, int[] index, float[] target, int n) {
    for (int j = 0; j < n; j++) {
      target[j] = source[index[j]];
    }
  }

  private static void addAt(float[] x, int[] index, double[] target, int at, int n) {
    for (int j = 0; j < n; j++) {
      target[at + index[j]] += x[j];
    }
  }

  private static void addAt(float[] x, int[] index, float[] target, int n) {
    for (int j = 0; j < n; j++) {
      target[index[j]] += x[j];
    }
  }

  /** Replaces the means in {@code offset} by z - mean, and computes x. */
  private static void standardize(float z, float[] offset, float[] inverseScale, float[] x, int n) {
    for (int j = 0; j < n; j++) {
      float difference = z - offset[j];
      offset[j] = difference;
      x[j] = difference * inverseScale[j];
    }
  }

  private static void extend(float[] joint, float[] logScale, float[] x, float[] next, int n) {
    for (int j = 0; j < n; j++) {
      next[j] = joint[j] - (logScale[j] + 0.5f * x[j] * x[j]);
    }
  }

  private static void excess(float[] joint, float[] logScale, float least, float slope, float[] excess, int n) {
    for (int j = 0; j < n; j++) {
      excess[j] = joint[j] - (least + slope * logScale[j]);
    }
  }

  private static void weight(float[] weight, float[] scaled, float[] mass, int n) {
    for (int j = 0; j < n; j++) {
      float s = FACTOR * weight[j];
      scaled[j] = s;
      mass[j] *= s;
    }
  }

  private static void tailAdjoints(float[] tails, float share, float[] weight, float signedMills, float[] adjoint, int n) {
    for (int j = 0; j < n; j++) {
      adjoint[j] = share * tails[j] - signedMills * weight[j];
    }
  }

  private static void meanGradient(float[] adjoint, float[] x, float[] inverseScale, float slope, float[] weight, float[] dMean, int n) {
    for (int j = 0; j < n; j++) {
      dMean[j] = adjoint[j] * x[j] * inverseScale[j] - slope * weight[j];
    }
  }

  private static void scaleGradient(float[] dMean, float[] offset, float[] adjoint, float[] dLogScale, int n) {
    for (int j = 0; j < n; j++) {
      dLogScale[j] = dMean[j] * offset[j] - adjoint[j];
    }
  }
}
