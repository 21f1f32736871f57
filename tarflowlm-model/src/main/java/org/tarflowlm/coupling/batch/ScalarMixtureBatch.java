package org.tarflowlm.coupling.batch;

import org.tarflowlm.vector.FloatLoops;
import org.tarflowlm.vector.FloatMath;

/**
 * {@code ScalarMixture} in single precision for many rows at a time: one scalar z per row, each with its own mixture. Per-component
 * arrays are [K][R] ({@link BatchLayout}), the others [R].
 *
 * <pre>
 *   joint_k = pi_k exp(-x_k^2 / 2) / s_k     below_k = pi_k Phi(x_k)      above_k = pi_k Phi(-x_k)
 *   density = sum joint = sqrt(2 pi) p(z)    tail = min(sum below, sum above)
 *   |u| = -Phi^-1(tail)                      slope = du/dz = R(|u|) p / tail
 * </pre>
 *
 * <p>Sums are formed in linear space, without a shift by the largest term, so a tail or density below about 1e-25 loses its digits.
 * {@link #judge} finds the rows in which that happened, and the scalar code computes them.
 */
public final class ScalarMixtureBatch {
  /** {@link FloatMath#exp} may round terms up to 2e-35 of the largest possible one; sums above this share stay accurate to 1e-9. */
  private static final float SMALLEST_SHARE = 1e-25f;
  /** Larger numbers are treated as overflow. */
  private static final float LARGEST = 1e30f;
  private static final float SMALLEST = 1e-30f;
  /** Added and subtracted, it rounds weights to 6e-35, 1e-9 of the smallest share, like {@link FloatMath#FLUSH}. */
  private static final float NEGLIGIBLE = 1e-27f;

  public float[] weight = new float[0];
  public float[] offset = new float[0];
  public float[] x = new float[0];
  public float[] joint = new float[0];
  public float[] below = new float[0];
  public float[] above = new float[0];

  public float[] density = new float[0];
  public float[] tail = new float[0];
  /** 1 where the smaller tail is the lower one, else 0. */
  public float[] lower = new float[0];
  public float[] u = new float[0];
  public float[] mills = new float[0];
  public float[] slope = new float[0];

  /** Makes room for arrays of {@code cells} = K * R and of {@code rows} = R numbers. */
  public void ensure(int cells, int rows) {
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
   * Softmax of {@code weight} in place; writes the sums of the exponentials to {@code sums} [R]. It does not shift by the largest logit,
   * which would double the cost: {@link #begin} finds the rows that need a shift.
   */
  void normalize(float[] sums, int k, int rows, BatchWorkspace w) {
    exponentials(sums, k, rows, w);
    divide(sums, k, rows, w);
  }

  /** Softmax like {@link #normalize}, in which rows whose sums leave the range of single precision are shifted by their largest logit. */
  void normalizeShifted(float[] sums, int k, int rows, BatchWorkspace w) {
    exponentials(sums, k, rows, w);
    if (leavesRange(sums, rows)) {
      BatchLayout.max(weight, k, rows, w.perRow, w);
      for (int i = 0; i < rows; i++) {
        w.perRow[i] = inRange(sums[i]) ? 0f : w.perRow[i];
      }
      FloatLoops.subtract(weight, w.spread(0, w.perRow, rows, k * rows), k * rows);
      exponentials(sums, k, rows, w);
    }
    divide(sums, k, rows, w);
  }

  /** Writes exp(weight) to {@code joint}, which is free until {@link #densities}. */
  private void exponentials(float[] sums, int k, int rows, BatchWorkspace w) {
    FloatMath.exp(weight, joint, w.steps, k * rows);
    BatchLayout.sum(joint, k, rows, sums, w);
  }

  private void divide(float[] sums, int k, int rows, BatchWorkspace w) {
    FloatLoops.invert(sums, w.perRow, rows);
    share(joint, w.spread(0, w.perRow, rows, k * rows), weight, k * rows);
  }

  private static boolean leavesRange(float[] sums, int n) {
    boolean result = false;
    for (int i = 0; i < n; i++) {
      result |= !inRange(sums[i]);
    }
    return result;
  }

  private static boolean inRange(float sum) {
    return sum > SMALLEST_SHARE && sum < LARGEST;
  }

  /** Starts judging rows from the sums of {@link #normalize}: weights are accurate if their sum is neither tiny nor huge. */
  static void begin(float[] sums, float[] headroom, int rows, boolean[] usable) {
    for (int i = 0; i < rows; i++) {
      headroom[i] = Math.min(sums[i], 1f);
      usable[i] = sums[i] < LARGEST;
    }
  }

  /** offset = z - mean, x = offset / s. */
  void standardize(float[] z, float[] mean, float[] inverseScale, int k, int rows, BatchWorkspace w) {
    standardize(w.spread(0, z, rows, k * rows), mean, inverseScale, offset, x, k * rows);
  }

  /** Computes joint, density, and the masses pi_k exp(-x_k^2 / 2). */
  void densities(float[] inverseScale, int k, int rows, BatchWorkspace w) {
    FloatMath.gauss(x, joint, w.steps, k * rows);
    masses(weight, inverseScale, w.mass, joint, k * rows);
    BatchLayout.sum(joint, k, rows, density, w);
  }

  /** Computes tails, quantiles and slopes, given the masses pi_k exp(-x_k^2 / 2). */
  void quantiles(float[] mass, int k, int rows, BatchWorkspace w) {
    tails(mass, weight, k, rows, w);
    quantiles(rows, w);
  }

  /** Computes tails from masses and weights, which may have a common factor; then so have the tails. */
  public void tails(float[] mass, float[] weights, int k, int rows, BatchWorkspace w) {
    FloatMath.smallerTail(x, mass, below, k * rows);
    bothTails(x, weights, below, above, k * rows);
    BatchLayout.sum(below, k, rows, tail, w);
    BatchLayout.sum(above, k, rows, lower, w);
    smallerSide(tail, lower, rows);
  }

  /** Computes quantiles and slopes, given the tails and densities. */
  public void quantiles(int rows, BatchWorkspace w) {
    FloatMath.log(tail, mills, w.perRow, rows);
    FloatMath.quantile(mills, u, rows);
    FloatMath.mills(u, mills, rows);
    finish(rows);
  }

  private void finish(int rows) {
    for (int i = 0; i < rows; i++) {
      slope[i] = FloatMath.INVERSE_SQRT_2PI * mills[i] * density[i] / tail[i];
      u[i] *= 1f - 2f * lower[i];
    }
  }

  /** Bayes' rule: after [K][R] = joint / density, the weights given z. */
  void posterior(float[] after, int k, int rows, BatchWorkspace w) {
    FloatLoops.invert(density, w.perRow, rows);
    share(joint, w.spread(0, w.perRow, rows, k * rows), after, k * rows);
  }

  private static void share(float[] part, float[] inverseSum, float[] weight, int n) {
    for (int i = 0; i < n; i++) {
      weight[i] = part[i] * inverseSum[i] + NEGLIGIBLE - NEGLIGIBLE;
    }
  }

  /** Zeroes one row. */
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
   * Clears {@code usable} where single precision may have lost digits. {@code headroom} is the share of the largest possible density that
   * earlier dimensions have left; this dimension's share is multiplied in. {@code largestInverse} is an upper bound of 1 / s_k.
   */
  void judge(float[] headroom, float[] largestInverse, boolean tails, int rows, boolean[] usable) {
    for (int i = 0; i < rows; i++) {
      boolean good = !tails || tail[i] * headroom[i] > SMALLEST_SHARE && slope[i] > SMALLEST && slope[i] < LARGEST;
      headroom[i] *= density[i] / largestInverse[i];
      usable[i] &= good && headroom[i] > SMALLEST_SHARE && density[i] > SMALLEST && density[i] < LARGEST;
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
      float m = weight[i] * (joint[i] - FloatMath.LEAST_EXP);
      mass[i] = m;
      joint[i] = m * inverseScale[i];
    }
  }

  /**
   * Computes both tails of each component from its smaller one in {@code below}: {@code below} becomes the lower tail, weight Phi(x), and
   * {@code above} the upper. The sign of x selects by a blend whose weights are exactly 0 or 1, which avoids a branch.
   */
  private static void bothTails(float[] x, float[] weight, float[] below, float[] above, int n) {
    for (int i = 0; i < n; i++) {
      float positive = Math.min(Math.max(x[i] * 1e30f + 1f, 0f), 1f);
      float small = below[i];
      float large = weight[i] - small;
      below[i] = positive * large + (1f - positive) * small;
      above[i] = positive * small + (1f - positive) * large;
    }
  }

  /** Turns the sums of the lower tail ({@code tail}) and the upper ({@code lower}) into the smaller one and a 1 where it is the lower. */
  private static void smallerSide(float[] tail, float[] lower, int n) {
    for (int i = 0; i < n; i++) {
      float difference = lower[i] - tail[i];
      tail[i] = Math.min(tail[i], lower[i]);
      lower[i] = Math.min(Math.max(difference * 1e30f + 1f, 0f), 1f);
    }
  }
}
