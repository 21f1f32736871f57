package org.tarflowlm.coupling;

import org.tarflowlm.vector.DoubleLoops;

/**
 * Mixture-Rosenblatt coupling of a vector z in R^d (paper section 3.2.2, appendix B, algorithm 1). Its density is a mixture of
 * shared isotropic {@link Components}; the context predicts their K weights, log pi = logits - logsumexp(logits). With
 * x_ik = (z_i - m_ki) / s_k and alpha_1 = pi, for i = 1..d
 *
 * <pre>
 *   u_i       = Phi^-1( sum_k alpha_ik Phi(x_ik) )
 *   p_i       = sum_k alpha_ik N(z_i; m_ki, s_k^2)
 *   alpha_i+1 = alpha_i N(z_i; m_ki, s_k^2) / p_i          Bayes' rule: the weights given z_1..z_i
 *   log |det du/dz| = log p(z) - sum_i log phi(u_i),       log p(z) = sum_i log p_i
 * </pre>
 */
public final class MixtureRosenblatt {
  /** One component counts as having all the weight if every other weight is below e^-80 of its own and every |u| is below {@link #FAR}. */
  private static final double ALONE = 80.0;
  /** Phi(-7) is 1e-12, of which the other components then contribute at most e^-80. */
  private static final double FAR = 7.0;

  /** Observes an inverse as it runs. */
  public interface InverseListener {
    /** Called before the first channel. */
    void begin();

    /**
     * Called when z_i is found. Arrays are [K]; the listener must not change them.
     *
     * @param last whether it is the last channel
     * @param logWeight log alpha_i
     * @param logJoint log (alpha_i N(z_i; m_ki, s_k^2)) + log sqrt(2 pi)
     * @param x (z_i - m_ki) / s_k
     */
    void solved(boolean last, int k, double[] logWeight, double[] logJoint, double[] x, double[] inverseScale);
  }

  private MixtureRosenblatt() {}

  /** Writes u [d]; sets {@code w.logDensity()} and {@code w.logDet()}. {@code logits} holds K numbers from {@code lAt}. */
  public static void forward(double[] z, int zAt, double[] logits, int lAt, Components c, double[] u, int uAt, Workspace w) {
    forward(z, zAt, logits, lAt, c, false, w);
    System.arraycopy(w.u, 0, u, uAt, c.dims());
  }

  private static void forward(double[] z, int zAt, double[] logits, int lAt, Components c, boolean tailWeights, Workspace w) {
    int k = c.count();
    int dims = c.dims();
    prepare(logits, lAt, c, w);
    standardize(z, zAt, c, w.x);
    Normal.upperMills(w.x, 0, dims * k, w.mills);
    w.logDensity = 0.0;
    w.logDet = 0.0;
    for (int i = 0; i < dims; i++) {
      double logDensity = ScalarMixture.density(i, k, w);
      double u = ScalarMixture.quantile(i, k, logDensity, tailWeights, w);
      updateWeights(k, logDensity, w);
      w.logDensity += logDensity;
      w.logDet += logDensity - Normal.logPdf(u);
    }
  }

  /** log p(z) in nats, with one exponential per component whatever d is. Serves the last flow, whose u is not needed. */
  public static double logDensity(double[] z, int zAt, double[] logits, int lAt, Components c, Workspace w) {
    w.ensure(c.dims(), c.count());
    joint(z, zAt, logits, lAt, c, w);
    int k = c.count();
    double norm = DoubleLoops.logSumExp(logits, lAt, k) + c.dims() * Normal.LOG_SQRT_2PI;
    w.logDensity = DoubleLoops.logSumExp(w.logJoint, 0, k) - norm;
    return w.logDensity;
  }

  /**
   * Gradient of L = sum_i a_i u_i + b log |det du/dz|. Writes dL/dz [d] and dL/dlogits [K]; adds dL/dmeans to {@code dMeans}
   * from 0 in the order [d][K] of {@link Components}, and dL/dlogScales [K] to {@code dLogScales}. Sets what {@link #forward}
   * sets.
   *
   * <p>Per dimension, the scalar mixture's closed form holds with g_i = a_i + b u_i; u_i contributes the adjoint
   * c_ik = g_i sgn M_i (w_ik - alpha_ik) to log alpha_i. Up to a constant, log alpha_ik is log pi_k plus the log-densities of the
   * dimensions before i. So one backward sweep carries G_k = b r_k + (sum of c_jk over later dimensions j) to each
   * log N(z_i; m_ki, s_k^2), and finally to the logits. r = alpha_d+1 are the posterior weights given all of z.
   */
  public static void gradient(double[] z, int zAt, double[] logits, int lAt, Components c, double[] a, int aAt, double b,
      double[] dz, int dzAt, double[] dLogits, int dlAt, double[] dMeans, double[] dLogScales, Workspace w) {
    forward(z, zAt, logits, lAt, c, true, w);
    int k = c.count();
    int dims = c.dims();
    double[] weight = w.weight;
    double[] adjoint = w.adjoint;
    for (int j = 0; j < k; j++) {
      adjoint[j] = b * weight[dims * k + j];
    }
    for (int i = dims - 1; i >= 0; i--) {
      double g = a[aAt + i] + b * w.u[i];
      dz[dzAt + i] = -backward(i, g * w.slope[i], g * w.signedMills[i], c, dMeans, dLogScales, w);
    }
    for (int j = 0; j < k; j++) {
      dLogits[dlAt + j] = adjoint[j] - b * weight[j];
    }
  }

  /** One dimension of the backward sweep; returns the sum of dL/dm_ki over the components. */
  private static double backward(int i, double gSlope, double gMills, Components c, double[] dMeans, double[] dLogScales, Workspace w) {
    int k = c.count();
    int at = i * k;
    double[] x = w.x;
    double[] weight = w.weight;
    double[] tailWeight = w.tailWeight;
    double[] adjoint = w.adjoint;
    double[] dMean = w.term;
    double[] scale = c.scales;
    double[] inverseScale = c.inverseScales;
    for (int j = 0; j < k; j++) {
      dMean[j] = adjoint[j] * x[at + j] * inverseScale[j] - gSlope * weight[at + k + j];
    }
    for (int j = 0; j < k; j++) {
      dLogScales[j] += dMean[j] * scale[j] * x[at + j] - adjoint[j];
    }
    for (int j = 0; j < k; j++) {
      dMeans[at + j] += dMean[j];
    }
    for (int j = 0; j < k; j++) {
      adjoint[j] += gMills * (tailWeight[at + j] - weight[at + j]);
    }
    return DoubleLoops.sum(dMean, 0, k);
  }

  /** Gradient of L = b log p(z), written to the same arrays as by {@link #gradient}; sets {@code w.logDensity()}. */
  public static void logDensityGradient(double[] z, int zAt, double[] logits, int lAt, Components c, double b,
      double[] dz, int dzAt, double[] dLogits, int dlAt, double[] dMeans, double[] dLogScales, Workspace w) {
    int k = c.count();
    int dims = c.dims();
    w.ensure(dims, k);
    ScalarMixture.softmax(logits, lAt, k, w);
    joint(z, zAt, w.logWeight, 0, c, w);
    double logSum = DoubleLoops.logSumExp(w.logJoint, 0, k);
    w.logDensity = logSum - dims * Normal.LOG_SQRT_2PI;
    double[] adjoint = w.adjoint;
    for (int j = 0; j < k; j++) {
      adjoint[j] = b * DoubleLoops.exp(w.logJoint[j] - logSum);
      dLogits[dlAt + j] = adjoint[j] - b * w.weight[j];
    }
    gaussianGradient(z, zAt, c, adjoint, dz, dzAt, dMeans, dLogScales, w.term);
  }

  /** Writes the z [d] with forward(z) = u; {@code w} counts the iterations. */
  public static void inverse(double[] u, int uAt, double[] logits, int lAt, Components c, double[] z, int zAt, Workspace w) {
    inverse(u, uAt, logits, lAt, c, z, zAt, null, w);
  }

  /**
   * Inverts algorithm 1 channel by channel: solves the mixture with weights alpha_i for z_i, then gets alpha_i+1 from Bayes' rule.
   * Once a single component k has all the weight, the remaining channels need no root finding: z_i = m_ki + s_k u_i.
   *
   * @param listener called for every channel that needs root finding; or null
   */
  public static void inverse(double[] u, int uAt, double[] logits, int lAt, Components c, double[] z, int zAt,
      InverseListener listener, Workspace w) {
    int k = c.count();
    int dims = c.dims();
    prepare(logits, lAt, c, w);
    if (listener != null) {
      listener.begin();
    }
    for (int i = 0; i < dims; i++) {
      System.arraycopy(c.means, i * k, w.mean, 0, k);
      z[zAt + i] = MixtureInverse.solve(u[uAt + i], k, w);
      ScalarMixture.standardize(z[zAt + i], k, w);
      ScalarMixture.joint(0, k, w);
      if (listener != null) {
        listener.solved(i + 1 == dims, k, w.logWeight, w.logJoint, w.x, w.inverseScale);
      }
      int only = DoubleLoops.maxAbs(u, uAt + i + 1, dims - i - 1) < FAR ? onlyComponent(w.logJoint, k) : -1;
      if (only >= 0) {
        for (int rest = i + 1; rest < dims; rest++) {
          z[zAt + rest] = c.means[rest * k + only] + c.scales[only] * u[uAt + rest];
          w.countInversion(0);
        }
        return;
      }
      if (i + 1 < dims) {
        updateWeights(k, ScalarMixture.posterior(0, k, w), w);
        System.arraycopy(w.weight, k, w.weight, 0, k);
      }
    }
  }

  /** The component that has all the weight, or -1. */
  private static int onlyComponent(double[] logJoint, int k) {
    int best = DoubleLoops.indexOfMax(logJoint, k);
    for (int j = 0; j < k; j++) {
      if (j != best && !(logJoint[j] <= logJoint[best] - ALONE)) {
        return -1;
      }
    }
    return best;
  }

  /** logJoint = logits_k + log N(z; m_k, s_k^2 I) + d log sqrt(2 pi). */
  private static void joint(double[] z, int zAt, double[] logits, int lAt, Components c, Workspace w) {
    double[] joint = w.logJoint;
    c.squaredDistances(z, zAt, joint);
    for (int j = 0; j < c.count(); j++) {
      joint[j] = logits[lAt + j] - c.dims() * c.logScales[j] - 0.5 * joint[j];
    }
  }

  /**
   * Gradient of sum_k adjoint_k log N(z; m_k, s_k^2 I): writes dz, adds to dMeans [d][K] and dLogScales [K]; {@code term} is a
   * temporary [K].
   */
  static void gaussianGradient(double[] z, int zAt, Components c, double[] adjoint, double[] dz, int dzAt,
      double[] dMeans, double[] dLogScales, double[] term) {
    int k = c.count();
    double[] inverseScale = c.inverseScales;
    double[] means = c.means;
    for (int j = 0; j < k; j++) {
      dLogScales[j] -= c.dims() * adjoint[j];
    }
    for (int i = 0; i < c.dims(); i++) {
      int at = i * k;
      double zi = z[zAt + i];
      for (int j = 0; j < k; j++) {
        double x = (zi - means[at + j]) * inverseScale[j];
        double weighted = adjoint[j] * x;
        term[j] = weighted * inverseScale[j];
        dLogScales[j] += weighted * x;
      }
      for (int j = 0; j < k; j++) {
        dMeans[at + j] += term[j];
      }
      dz[dzAt + i] = -DoubleLoops.sum(term, 0, k);
    }
  }

  /** Writes the mixture's weights and scales to the workspace. */
  private static void prepare(double[] logits, int lAt, Components c, Workspace w) {
    int k = c.count();
    w.ensure(c.dims(), k);
    ScalarMixture.softmax(logits, lAt, k, w);
    System.arraycopy(c.logScales, 0, w.logScale, 0, k);
    System.arraycopy(c.scales, 0, w.scale, 0, k);
    System.arraycopy(c.inverseScales, 0, w.inverseScale, 0, k);
  }

  private static void standardize(double[] z, int zAt, Components c, double[] x) {
    int k = c.count();
    double[] means = c.means;
    double[] inverseScale = c.inverseScales;
    for (int i = 0; i < c.dims(); i++) {
      int at = i * k;
      double zi = z[zAt + i];
      for (int j = 0; j < k; j++) {
        x[at + j] = (zi - means[at + j]) * inverseScale[j];
      }
    }
  }

  /** Computes log alpha_i+1 from the joint log-densities that {@link ScalarMixture#density} left in the workspace. */
  private static void updateWeights(int k, double logDensity, Workspace w) {
    double[] joint = w.logJoint;
    double[] logWeight = w.logWeight;
    double norm = logDensity + Normal.LOG_SQRT_2PI;
    for (int j = 0; j < k; j++) {
      logWeight[j] = joint[j] - norm;
    }
  }
}
