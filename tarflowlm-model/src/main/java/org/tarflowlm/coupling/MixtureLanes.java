package org.tarflowlm.coupling;

import org.tarflowlm.vector.LaneMath;

/**
 * {@link ScalarMixture} in single precision for many rows at a time: one scalar z per row, each under a mixture of its own. Arrays of
 * components are [K][R] ({@link Lanes}), the others hold R numbers.
 *
 * <pre>
 *   joint_k = pi_k exp(-x_k^2 / 2) / s_k     below_k = pi_k Phi(x_k)      above_k = pi_k Phi(-x_k)
 *   density = sum joint = sqrt(2 pi) p(z)    tail = min(sum below, sum above)
 *   |u| = -Phi^-1(tail)                      slope = du/dz = R(|u|) p / tail
 * </pre>
 *
 * <p>Sums are formed in linear space, without a shift by the largest term, which costs a tail or a density below about 1e-25 its
 * digits. {@link #judge} finds the rows in which that happened; they are left to the scalar code.
 */
final class MixtureLanes {
  /** {@link LaneMath#exp} replaces terms by 2e-35 of the largest possible one at worst: this much is left to be right to 1e-9. */
  private static final float SMALLEST_SHARE = 1e-25f;
  /** Where numbers end for which logarithms and scales may be taken. */
  private static final float LARGEST = 1e30f;
  private static final float SMALLEST = 1e-30f;

  float[] weight = new float[0];
  float[] offset = new float[0];
  float[] x = new float[0];
  float[] joint = new float[0];
  float[] below = new float[0];
  float[] above = new float[0];

  float[] density = new float[0];
  float[] tail = new float[0];
  /** 1 where the smaller tail is the lower one, else 0. */
  float[] lower = new float[0];
  float[] u = new float[0];
  float[] mills = new float[0];
  float[] slope = new float[0];

  void ensure(int cells, int rows) {
    if (weight.length < cells) {
      weight = new float[cells];
      offset = new float[cells];
      x = new float[cells];
      joint = new float[cells];
      below = new float[cells];
      above = new float[cells];
    }
    if (u.length < rows) {
      density = new float[rows];
      tail = new float[rows];
      lower = new float[rows];
      u = new float[rows];
      mills = new float[rows];
      slope = new float[rows];
    }
  }

  /**
   * Softmax of {@code weight} in place; {@code sums} [R] of the exponentials. No shift by the largest logit, which would cost as much
   * again: {@link #begin} finds the rows that need it.
   */
  void normalize(float[] sums, int k, int rows, LaneWorkspace w) {
    int cells = k * rows;
    LaneMath.exp(weight, weight, w.steps, cells);
    Lanes.sum(weight, k, rows, sums, w);
    invert(sums, w.row[0], rows);
    Lanes.repeat(w.row[0], w.factor[0], rows, cells);
    Lanes.multiply(weight, w.factor[0], weight, cells);
  }

  /** Starts the judgement of rows from the sums of {@link #normalize}: a weight has its digits if they are neither tiny nor huge. */
  static void begin(float[] sums, float[] headroom, int rows, boolean[] usable) {
    for (int i = 0; i < rows; i++) {
      headroom[i] = Math.min(sums[i], 1f);
      usable[i] = sums[i] < LARGEST;
    }
  }

  /** offset = z - mean, x = offset / s. */
  void standardize(float[] z, float[] mean, float[] inverseScale, int k, int rows, LaneWorkspace w) {
    float[] repeated = w.factor[0];
    Lanes.repeat(z, repeated, rows, k * rows);
    standardize(repeated, mean, inverseScale, offset, x, k * rows);
  }

  /** joint, density, and the masses pi_k exp(-x_k^2 / 2). */
  void densities(float[] inverseScale, int k, int rows, LaneWorkspace w) {
    LaneMath.gauss(x, joint, w.steps, k * rows);
    masses(weight, inverseScale, w.mass, joint, k * rows);
    Lanes.sum(joint, k, rows, density, w);
  }

  /** Computes tails, quantiles and slopes, after {@link #densities}. */
  void quantiles(int k, int rows, LaneWorkspace w) {
    LaneMath.smallerTail(x, w.mass, below, k * rows);
    Lanes.bothTails(x, weight, below, above, k * rows);
    Lanes.sum(below, k, rows, tail, w);
    Lanes.sum(above, k, rows, lower, w);
    smallerSide(tail, lower, rows);
    LaneMath.log(tail, mills, w.row[0], rows);
    LaneMath.quantile(mills, u, rows);
    LaneMath.mills(u, mills, rows);
    finish(rows);
  }

  private void finish(int rows) {
    for (int i = 0; i < rows; i++) {
      slope[i] = LaneMath.INVERSE_SQRT_2PI * mills[i] * density[i] / tail[i];
      u[i] *= 1f - 2f * lower[i];
    }
  }

  /** Bayes' rule: after [K][R] = joint / density, the weights given z. */
  void posterior(float[] after, int k, int rows, LaneWorkspace w) {
    invert(density, w.row[0], rows);
    Lanes.repeat(w.row[0], w.factor[0], rows, k * rows);
    Lanes.multiply(joint, w.factor[0], after, k * rows);
  }

  /** Zeros in one row. */
  void blank(int row, int rows, int k) {
    for (int at = row; at < k * rows; at += rows) {
      weight[at] = 0f;
      offset[at] = 0f;
      x[at] = 0f;
      below[at] = 0f;
      above[at] = 0f;
    }
  }

  /**
   * Clears {@code usable} where single precision may have lost digits. {@code headroom} is the share of the largest possible density
   * that the dimensions before have left, and takes this one's; {@code largestInverse} the largest 1 / s_k, or somewhat more.
   */
  void judge(float[] headroom, float[] largestInverse, boolean tails, int rows, boolean[] usable) {
    for (int i = 0; i < rows; i++) {
      boolean good = !tails || tail[i] * headroom[i] > SMALLEST_SHARE && slope[i] > SMALLEST && slope[i] < LARGEST;
      headroom[i] *= density[i] / largestInverse[i];
      usable[i] &= good && headroom[i] > SMALLEST_SHARE && density[i] > SMALLEST && density[i] < LARGEST;
    }
  }

  private static void invert(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = 1f / x[i];
    }
  }

  private static void standardize(float[] z, float[] mean, float[] inverseScale, float[] offset, float[] x, int n) {
    for (int i = 0; i < n; i++) {
      float difference = z[i] - mean[i];
      offset[i] = difference;
      x[i] = difference * inverseScale[i];
    }
  }

  private static void masses(float[] weight, float[] inverseScale, float[] mass, float[] joint, int n) {
    for (int i = 0; i < n; i++) {
      float m = weight[i] * joint[i];
      mass[i] = m;
      joint[i] = m * inverseScale[i];
    }
  }

  /** From the sums of both tails to the smaller one, and whether that is the lower one, which is first. */
  private static void smallerSide(float[] tail, float[] lower, int n) {
    for (int i = 0; i < n; i++) {
      float difference = lower[i] - tail[i];
      tail[i] = Math.min(tail[i], lower[i]);
      lower[i] = Math.min(Math.max(difference * 1e30f + 1f, 0f), 1f);
    }
  }
}
