package org.tarflowlm.coupling;

import org.tarflowlm.vector.DoubleLoops;

/**
 * One scalar under a mixture of K Gaussians: the part that {@link MixtureCdf} (once) and {@link MixtureRosenblatt} (once per dimension)
 * share. With x_k = (z - m_k) / s_k,
 *
 * <pre>
 *   p(z)  = sum_k pi_k phi(x_k) / s_k          r_k = pi_k phi(x_k) / (s_k p)      posterior weights
 *   F(z)  = sum_k pi_k Phi(x_k)                w_k = pi_k Phi(sgn x_k) / tail     weights of the smaller tail
 *   tail  = min(F, 1 - F), sgn = +1 where F is the smaller, else -1
 *   u     = Phi^-1(F)                          M   = tail / phi(u) = R(|u|)       Mills ratio
 *   du/dz = M p / tail                         du/dlogit_k = sgn M (w_k - pi_k)   du/dm_k = -r_k du/dz
 * </pre>
 *
 * <p>Both tails are sums of positive terms. A component's own smaller tail is pi_k phi(x_k) R(|x_k|), which needs no exponential
 * beyond the density's, and its larger one is pi_k minus that. Logarithmic sums are used only where the mixture's smaller tail
 * underflows (|u| beyond about 33).
 */
final class ScalarMixture {
  /** Below this the linear tail sums may have lost terms to underflow ({@link DoubleLoops#exp} is 0 below e^-700). */
  private static final double SMALLEST_TAIL = 1e-250;

  private ScalarMixture() {}

  /** Fills row 0 of weight, and logWeight, from unnormalised logits (log pi = logits - logsumexp). */
  static void softmax(double[] logits, int at, int k, Workspace w) {
    double[] logWeight = w.logWeight;
    double max = DoubleLoops.max(logits, at, k);
    double sum = DoubleLoops.expInto(logits, at, max, w.weight, 0, k);
    DoubleLoops.scale(w.weight, 0, k, 1.0 / sum);
    double norm = max + Math.log(sum);
    for (int j = 0; j < k; j++) {
      logWeight[j] = logits[at + j] - norm;
    }
  }

  /** Returns u at z and sets logDensity; the mixture is row 0 of weight, and logWeight, mean, logScale, scale, inverseScale. */
  static double evaluate(double z, int k, boolean tailWeights, Workspace w) {
    standardize(z, k, w);
    Normal.upperMills(w.x, 0, k, w.mills);
    w.logDensity = density(0, k, w);
    return quantile(0, k, w.logDensity, tailWeights, w);
  }

  /** Fills row 0 of x. */
  static void standardize(double z, int k, Workspace w) {
    double[] x = w.x;
    double[] mean = w.mean;
    double[] inverseScale = w.inverseScale;
    for (int j = 0; j < k; j++) {
      x[j] = (z - mean[j]) * inverseScale[j];
    }
  }

  /**
   * Returns log p(z) and writes the posterior weights r to row {@code dim + 1} of weight; leaves log r_k + log p(z) + log sqrt(2 pi)
   * in logJoint. Needs row {@code dim} of x, logWeight and logScale.
   */
  static double density(int dim, int k, Workspace w) {
    joint(dim, k, w);
    return posterior(dim, k, w);
  }

  /** logJoint = log pi_k phi(x_k) / s_k + log sqrt(2 pi), the first half of {@link #density}. */
  static void joint(int dim, int k, Workspace w) {
    double[] x = w.x;
    double[] logWeight = w.logWeight;
    double[] logScale = w.logScale;
    double[] joint = w.logJoint;
    int at = dim * k;
    for (int j = 0; j < k; j++) {
      joint[j] = logWeight[j] - logScale[j] - 0.5 * x[at + j] * x[at + j];
    }
  }

  /** The second half of {@link #density}, from logJoint. */
  static double posterior(int dim, int k, Workspace w) {
    double[] joint = w.logJoint;
    int at = dim * k;
    double max = DoubleLoops.max(joint, 0, k);
    double sum = DoubleLoops.expInto(joint, 0, max, w.weight, at + k, k);
    DoubleLoops.scale(w.weight, at + k, k, 1.0 / sum);
    return max + Math.log(sum) - Normal.LOG_SQRT_2PI;
  }

  /**
   * Returns u, after {@link #density}; sets this dimension's u, slope (du/dz) and signedMills (sgn M), and on request the tail weights.
   * Needs row {@code dim} of mills.
   */
  static double quantile(int dim, int k, double logDensity, boolean tailWeights, Workspace w) {
    double[] x = w.x;
    double[] mills = w.mills;
    double[] scale = w.scale;
    double[] weight = w.weight;
    double[] small = w.tailWeight;
    int at = dim * k;
    int next = at + k;
    double density = Math.exp(logDensity);
    for (int j = 0; j < k; j++) {
      small[at + j] = weight[next + j] * density * scale[j] * mills[at + j];
    }
    double below = 0.0;
    double above = 0.0;
    for (int j = 0; j < k; j++) {
      double tail = small[at + j];
      double rest = weight[at + j] - tail;
      long negative = DoubleLoops.negativeMask(x[at + j]);
      below += DoubleLoops.select(negative, tail, rest);
      above += DoubleLoops.select(negative, rest, tail);
    }
    boolean lower = below <= above;
    double tail = lower ? below : above;
    if (!(tail > SMALLEST_TAIL)) {
      return quantileByLogs(dim, k, w);
    }
    if (tailWeights) {
      double inverse = 1.0 / tail;
      long flip = lower ? 0L : -1L;
      for (int j = at; j < next; j++) {
        small[j] = DoubleLoops.select(DoubleLoops.negativeMask(x[j]) ^ flip, small[j], weight[j] - small[j]) * inverse;
      }
    }
    double u = Normal.quantileOfLog(Math.log(tail));
    double ratio = Normal.upperMills(-u);
    return finish(dim, lower, u, ratio, ratio * density / tail, w);
  }

  /** The quantile where the tail underflows, for |u| beyond 33. Always computes the tail weights. */
  private static double quantileByLogs(int dim, int k, Workspace w) {
    double[] x = w.x;
    double[] logTail = w.tailWeight;
    int at = dim * k;
    double logBelow = logTails(1.0, at, k, w);
    double logAbove = logTails(-1.0, at, k, w);
    boolean lower = logBelow <= logAbove;
    double sign = lower ? 1.0 : -1.0;
    double logSmaller = lower ? logTails(1.0, at, k, w) : logAbove;
    double hazard = 0.0;
    for (int j = 0; j < k; j++) {
      double tailWeight = Math.exp(logTail[at + j] - logSmaller);
      logTail[at + j] = tailWeight;
      hazard += tailWeight * Normal.hazard(sign * x[at + j]) * w.inverseScale[j];
    }
    double u = Normal.quantileOfLog(logSmaller);
    double ratio = Normal.upperMills(-u);
    return finish(dim, lower, u, ratio, ratio * hazard, w);
  }

  /** Returns log sum_k pi_k Phi(sign x_k) and leaves the terms' logarithms in tailWeight. */
  private static double logTails(double sign, int at, int k, Workspace w) {
    for (int j = 0; j < k; j++) {
      w.tailWeight[at + j] = w.logWeight[j] + Normal.logCdf(sign * w.x[at + j]);
    }
    return DoubleLoops.logSumExp(w.tailWeight, at, k);
  }

  /** @param lowerU the u that results if the smaller tail is the lower one; negated if it is the upper */
  private static double finish(int dim, boolean lower, double lowerU, double ratio, double slope, Workspace w) {
    double u = lower ? lowerU : -lowerU;
    w.u[dim] = u;
    w.slope[dim] = slope;
    w.signedMills[dim] = lower ? ratio : -ratio;
    return u;
  }
}
