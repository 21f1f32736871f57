package org.tarflowlm.coupling;

import org.tarflowlm.vector.DoubleLoops;

/**
 * Mixture-CDF coupling of one scalar (paper section 3.2.1, appendix A). The context predicts a mixture of K Gaussians; the coupling
 * applies the mixture's distribution function and then the normal quantile to the scalar,
 *
 * <pre>
 *   u = Phi^-1(F(z)),  F(z) = sum_k pi_k Phi((z - m_k) / s_k),  log |du/dz| = log p(z) - log phi(u).
 * </pre>
 *
 * <p>{@code theta} holds the 3K raw parameters of the scalar from index {@code at}: [logits K | means K | log-scales K];
 * log pi = logits - logsumexp(logits), s = exp(log-scale). K = 1 is the affine map u = (z - m) / s.
 */
public final class MixtureCdf {
  private MixtureCdf() {}

  /** Returns u; sets {@code w.logDensity()} and {@code w.logDet()}, in nats. */
  public static double forward(double z, double[] theta, int at, int k, Workspace w) {
    return forward(z, theta, at, k, false, w);
  }

  private static double forward(double z, double[] theta, int at, int k, boolean tailWeights, Workspace w) {
    prepare(theta, at, k, w);
    double u = ScalarMixture.evaluate(z, k, tailWeights, w);
    w.logDet = w.logDensity - Normal.logPdf(u);
    return u;
  }

  /** How many numbers of {@code saved} {@link #forward(double, double[], int, double[], Workspace)} fills. */
  public static int savedTerms(int k) {
    return 5 * k + 1;
  }

  /**
   * Like {@link #forward}, with theta from index 0, but also saves what a single-precision gradient needs: [pi_k | r_k | z - m_k |
   * c_k = x_k / s_k - u du/dz | t_k = sgn M (w_k - pi_k) | du/dz], K numbers each except the last. In single precision, c_k would cancel.
   */
  public static double forward(double z, double[] theta, int k, double[] saved, Workspace w) {
    double u = forward(z, theta, 0, k, true, w);
    save(k, u * w.slope[0], saved, w);
    for (int j = 0; j < k; j++) {
      saved[4 * k + j] = w.signedMills[0] * (w.tailWeight[j] - w.weight[j]);
    }
    saved[5 * k] = w.slope[0];
    return u;
  }

  /** Like {@link #logDensity}, but also saves [pi_k | r_k | z - m_k | c_k = x_k / s_k] for its gradient. */
  public static double logDensity(double z, double[] theta, int k, double[] saved, Workspace w) {
    prepare(theta, 0, k, w);
    ScalarMixture.standardize(z, k, w);
    w.logDensity = ScalarMixture.density(0, k, w);
    save(k, 0.0, saved, w);
    return w.logDensity;
  }

  private static void save(int k, double curvature, double[] saved, Workspace w) {
    System.arraycopy(w.weight, 0, saved, 0, 2 * k);
    for (int j = 0; j < k; j++) {
      saved[2 * k + j] = w.x[j] * w.scale[j];
      saved[3 * k + j] = w.x[j] * w.inverseScale[j] - curvature;
    }
  }

  /** log p(z) in nats; cheaper than {@link #forward} if u is not needed. */
  public static double logDensity(double z, double[] theta, int at, int k, Workspace w) {
    w.ensure(1, k);
    double[] joint = w.logJoint;
    for (int j = 0; j < k; j++) {
      double x = (z - theta[at + k + j]) * DoubleLoops.exp(-theta[at + 2 * k + j]);
      joint[j] = theta[at + j] - theta[at + 2 * k + j] - 0.5 * x * x;
    }
    w.logDensity = DoubleLoops.logSumExp(joint, 0, k) - DoubleLoops.logSumExp(theta, at, k) - Normal.LOG_SQRT_2PI;
    return w.logDensity;
  }

  /**
   * Gradient of L = a u + b log |du/dz|: returns dL/dz and writes dL/dtheta to {@code dTheta} from index {@code dAt}. Sets what
   * {@link #forward} sets. With g = a + b u (because log |du/dz| = log p + u^2/2 + constant) and the notation of the forward map,
   *
   * <pre>
   *   dL/dm_k     = -g r_k du/dz + b r_k x_k / s_k               dL/dz = -sum_k dL/dm_k
   *   dL/dlogs_k  = -g r_k du/dz s_k x_k + b r_k (x_k^2 - 1)     dL/dlogit_k = g sgn M (w_k - pi_k) + b (r_k - pi_k)
   * </pre>
   */
  public static double gradient(double z, double[] theta, int at, int k, double a, double b, double[] dTheta, int dAt, Workspace w) {
    double u = forward(z, theta, at, k, true, w);
    double g = a + b * u;
    double gSlope = g * w.slope[0];
    double gMills = g * w.signedMills[0];
    double[] x = w.x;
    double[] scale = w.scale;
    double[] inverseScale = w.inverseScale;
    double[] weight = w.weight;
    double[] tailWeight = w.tailWeight;
    double[] dMean = w.term;
    for (int j = 0; j < k; j++) {
      dMean[j] = weight[k + j] * (b * x[j] * inverseScale[j] - gSlope);
    }
    for (int j = 0; j < k; j++) {
      dTheta[dAt + j] = gMills * (tailWeight[j] - weight[j]) + b * (weight[k + j] - weight[j]);
    }
    for (int j = 0; j < k; j++) {
      dTheta[dAt + 2 * k + j] = dMean[j] * scale[j] * x[j] - b * weight[k + j];
    }
    System.arraycopy(dMean, 0, dTheta, dAt + k, k);
    return -DoubleLoops.sum(dMean, 0, k);
  }

  /** Gradient of L = b log p(z): returns dL/dz, writes dL/dtheta, sets {@code w.logDensity()}. Needs no distribution function. */
  public static double logDensityGradient(double z, double[] theta, int at, int k, double b, double[] dTheta, int dAt, Workspace w) {
    prepare(theta, at, k, w);
    ScalarMixture.standardize(z, k, w);
    w.logDensity = ScalarMixture.density(0, k, w);
    double[] x = w.x;
    double[] inverseScale = w.inverseScale;
    double[] weight = w.weight;
    double[] dMean = w.term;
    for (int j = 0; j < k; j++) {
      dMean[j] = b * weight[k + j] * x[j] * inverseScale[j];
    }
    for (int j = 0; j < k; j++) {
      dTheta[dAt + j] = b * (weight[k + j] - weight[j]);
    }
    for (int j = 0; j < k; j++) {
      dTheta[dAt + 2 * k + j] = b * weight[k + j] * (x[j] * x[j] - 1.0);
    }
    System.arraycopy(dMean, 0, dTheta, dAt + k, k);
    return -DoubleLoops.sum(dMean, 0, k);
  }

  /** Returns the z with forward(z) = u; {@code w} counts the iterations. */
  public static double inverse(double u, double[] theta, int at, int k, Workspace w) {
    prepare(theta, at, k, w);
    return MixtureInverse.solve(u, k, w);
  }

  /** Writes the mixture's weights, means and scales to the workspace. */
  private static void prepare(double[] theta, int at, int k, Workspace w) {
    w.ensure(1, k);
    ScalarMixture.softmax(theta, at, k, w);
    System.arraycopy(theta, at + k, w.mean, 0, k);
    System.arraycopy(theta, at + 2 * k, w.logScale, 0, k);
    double[] scale = w.scale;
    double[] inverseScale = w.inverseScale;
    for (int j = 0; j < k; j++) {
      inverseScale[j] = DoubleLoops.exp(-theta[at + 2 * k + j]);
    }
    for (int j = 0; j < k; j++) {
      scale[j] = 1.0 / inverseScale[j];
    }
  }
}
