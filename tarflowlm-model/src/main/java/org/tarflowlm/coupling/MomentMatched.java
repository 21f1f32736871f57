package org.tarflowlm.coupling;

import java.util.Arrays;
import org.tarflowlm.vector.DoubleLoops;

/**
 * Affine coupling of a token's vector z in R^d over shared {@link Components}. It replaces each channel's mixture in
 * {@link MixtureRosenblatt}, given the channels before, by the Gaussian with the same mean and variance. Not in the paper. With
 * alpha_1 = softmax(logits), for i = 1..d
 *
 * <pre>
 *   m_i       = sum_k alpha_ik m_ki
 *   v_i       = sum_k alpha_ik (s_k^2 + (m_ki - m_i)^2)
 *   u_i       = (z_i - m_i) / sqrt(v_i)
 *   alpha_i+1 = alpha_i N(z_i; m_ki, s_k^2), normalised          Bayes' rule: the weights given z_1..z_i
 *   log |det du/dz| = -1/2 sum_i log v_i
 * </pre>
 *
 * <p>Its density is close to the mixture's if each channel says little about the token, that is, with many channels and wide components:
 * a mixture of overlapping Gaussians is nearly one Gaussian.
 */
public final class MomentMatched {
  private MomentMatched() {}

  /** Writes u [d]; sets {@code w.logDet()}. {@code logits} holds K numbers from {@code lAt}. */
  public static void forward(double[] z, int zAt, double[] logits, int lAt, Components c, double[] u, int uAt, Workspace w) {
    begin(logits, lAt, c, w);
    for (int i = 0; i < c.dims(); i++) {
      moments(i, c, w);
      w.u[i] = (z[zAt + i] - w.shift[i]) / Math.sqrt(w.variance[i]);
      update(i, z[zAt + i], c, w);
    }
    System.arraycopy(w.u, 0, u, uAt, c.dims());
  }

  /** Writes the z [d] with forward(z) = u. */
  public static void inverse(double[] u, int uAt, double[] logits, int lAt, Components c, double[] z, int zAt, Workspace w) {
    begin(logits, lAt, c, w);
    for (int i = 0; i < c.dims(); i++) {
      moments(i, c, w);
      z[zAt + i] = w.shift[i] + Math.sqrt(w.variance[i]) * u[uAt + i];
      update(i, z[zAt + i], c, w);
    }
  }

  /**
   * Gradient of L = sum_i a_i u_i + b log |det du/dz|. Writes dL/dz [d] and dL/dlogits [K]; adds dL/dmeans to {@code dMeans} from 0 in
   * the order [d][K] of {@link Components}, and dL/dlogScales [K] to {@code dLogScales}. Sets what {@link #forward} sets.
   *
   * <p>One backward sweep carries the adjoint of the log-weights: a channel's weights affect its own mean and variance and, through
   * Bayes' rule, the weights of all later channels.
   */
  public static void gradient(double[] z, int zAt, double[] logits, int lAt, Components c, double[] a, int aAt, double b,
      double[] dz, int dzAt, double[] dLogits, int dlAt, double[] dMeans, double[] dLogScales, Workspace w) {
    int k = c.count();
    begin(logits, lAt, c, w);
    for (int i = 0; i < c.dims(); i++) {
      moments(i, c, w);
      update(i, z[zAt + i], c, w);
    }
    double[] adjoint = w.adjoint;
    double[] dMean = w.term;
    Arrays.fill(adjoint, 0, k, 0.0);
    for (int i = c.dims() - 1; i >= 0; i--) {
      int at = i * k;
      double variance = w.variance[i];
      double shift = w.shift[i];
      double scale = Math.sqrt(variance);
      w.u[i] = (z[zAt + i] - shift) / scale;
      double dShift = -a[aAt + i] / scale;
      double dVariance = -0.5 * (a[aAt + i] * w.u[i] + b) / variance;
      for (int j = 0; j < k; j++) {
        double offset = c.means[at + j] - shift;
        double own = c.scales[j] * c.scales[j];
        double x = w.x[at + j];
        double weight = w.weight[at + j];
        double later = adjoint[j] * x * c.inverseScales[j];
        dMean[j] = later;
        dMeans[at + j] += later + weight * (dShift + 2 * dVariance * offset);
        dLogScales[j] += adjoint[j] * (x * x - 1) + 2 * weight * dVariance * own;
        adjoint[j] += weight * (dShift * offset + dVariance * (own + offset * offset - variance));
      }
      dz[dzAt + i] = a[aAt + i] / scale - DoubleLoops.sum(dMean, 0, k);
    }
    System.arraycopy(adjoint, 0, dLogits, dlAt, k);
  }

  private static void begin(double[] logits, int lAt, Components c, Workspace w) {
    w.ensure(c.dims(), c.count());
    System.arraycopy(logits, lAt, w.logWeight, 0, c.count());
    w.logDet = 0.0;
  }

  /** Weights, mean and variance of channel i, given the channels before. */
  private static void moments(int i, Components c, Workspace w) {
    int k = c.count();
    int at = i * k;
    double[] weight = w.weight;
    double norm = 1 / DoubleLoops.expInto(w.logWeight, 0, DoubleLoops.max(w.logWeight, 0, k), weight, at, k);
    double shift = 0.0;
    for (int j = 0; j < k; j++) {
      weight[at + j] *= norm;
      shift += weight[at + j] * c.means[at + j];
    }
    double variance = 0.0;
    for (int j = 0; j < k; j++) {
      double offset = c.means[at + j] - shift;
      variance += weight[at + j] * (c.scales[j] * c.scales[j] + offset * offset);
    }
    w.shift[i] = shift;
    w.variance[i] = variance;
    w.logDet -= 0.5 * Math.log(variance);
  }

  /** Bayes' rule: updates the log-weights, up to a constant, by the evidence of z_i. */
  private static void update(int i, double z, Components c, Workspace w) {
    int k = c.count();
    int at = i * k;
    for (int j = 0; j < k; j++) {
      double x = (z - c.means[at + j]) * c.inverseScales[j];
      w.x[at + j] = x;
      w.logWeight[j] -= c.logScales[j] + 0.5 * x * x;
    }
  }
}
