package org.tarflowlm.coupling;

import org.tarflowlm.vector.DoubleLoops;

/**
 * The tied codebook of section 3.1: token k is encoded as q(z | k) = N(z; mu_k, sigma_k^2 I), and decoded by the posterior under a
 * uniform prior, p(k | z) = N_k(z) / sum_j N_j(z). The {@link Components} are the V codes.
 */
public final class Codebook {
  private Codebook() {}

  /** Writes z [d] = mu_k + sigma_k noise. */
  public static void encode(int token, double[] noise, int nAt, Components codes, double[] z, int zAt) {
    int count = codes.count();
    double scale = codes.scales[token];
    for (int i = 0; i < codes.dims(); i++) {
      z[zAt + i] = codes.means[i * count + token] + scale * noise[nAt + i];
    }
  }

  /**
   * Gradient through {@link #encode}, given dL/dz: writes dL/dnoise [d], and adds to the token's entries of {@code dMeans}
   * ([d][V], the order of {@link Components}) and {@code dLogScales} [V]. The arrays of noise, dz and dNoise share one index.
   */
  public static void encodeGradient(int token, double[] noise, double[] dz, int at, Components codes, double[] dNoise,
      double[] dMeans, double[] dLogScales) {
    int count = codes.count();
    double scale = codes.scales[token];
    for (int i = 0; i < codes.dims(); i++) {
      dNoise[at + i] = scale * dz[at + i];
      dMeans[i * count + token] += dz[at + i];
      dLogScales[token] += dz[at + i] * scale * noise[at + i];
    }
  }

  /** Writes log N_k(z) in nats for every token k to {@code out} [V]. */
  public static void logDensities(double[] z, int zAt, Components codes, double[] out, int outAt, Workspace w) {
    int count = codes.count();
    double norm = codes.dims() * Normal.LOG_SQRT_2PI;
    w.ensure(1, count);
    double[] distance = w.term;
    codes.squaredDistances(z, zAt, distance);
    for (int k = 0; k < count; k++) {
      out[outAt + k] = -0.5 * distance[k] - codes.dims() * codes.logScales[k] - norm;
    }
  }

  /**
   * log p(x | z) - log q(z | x) = -logsumexp_k log N_k(z), in nats: the first term of the objective (section 3.3). The token's own
   * density cancels, so the token does not appear.
   */
  public static double vaeTerm(double[] z, int zAt, Components codes, Workspace w) {
    w.ensure(1, codes.count());
    logDensities(z, zAt, codes, w.logJoint, 0, w);
    return -DoubleLoops.logSumExp(w.logJoint, 0, codes.count());
  }

  /**
   * Gradient of b times {@link #vaeTerm}: writes dz [d], adds to {@code dMeans} ([d][V], the order of {@link Components}) and to
   * {@code dLogScales} [V].
   */
  public static void vaeTermGradient(double[] z, int zAt, Components codes, double b, double[] dz, int dzAt,
      double[] dMeans, double[] dLogScales, Workspace w) {
    int count = codes.count();
    double logSum = -vaeTerm(z, zAt, codes, w);
    for (int k = 0; k < count; k++) {
      w.adjoint[k] = -b * DoubleLoops.exp(w.logJoint[k] - logSum);
    }
    MixtureRosenblatt.gaussianGradient(z, zAt, codes, w.adjoint, dz, dzAt, dMeans, dLogScales, w.term);
  }

  /** Writes log p(k | z) in nats for every token k to {@code out} [V]. */
  public static void logPosterior(double[] z, int zAt, Components codes, double[] out, int outAt, Workspace w) {
    int count = codes.count();
    logDensities(z, zAt, codes, out, outAt, w);
    double logSum = DoubleLoops.logSumExp(out, outAt, count);
    for (int k = 0; k < count; k++) {
      out[outAt + k] -= logSum;
    }
  }

  /**
   * The most probable token, argmax_k p(k | z); ties go to the smallest id. Half of the channels bound every code's density from above,
   * which rules out nearly all of very many codes.
   */
  public static int decode(double[] z, int zAt, Components codes, Workspace w) {
    int count = codes.count();
    int half = codes.dims() / 2;
    w.ensure(1, count);
    codes.squaredDistances(z, zAt, 0, half, w.term);
    for (int k = 0; k < count; k++) {
      w.logJoint[k] = -0.5 * w.term[k] - codes.dims() * codes.logScales[k];
    }
    int best = DoubleLoops.indexOfMax(w.logJoint, count);
    double most = logDensity(best, z, zAt, codes, half, w);
    for (int k = 0; k < count; k++) {
      if (w.logJoint[k] >= most) {
        double density = logDensity(k, z, zAt, codes, half, w);
        if (density > most || density == most && k < best) {
          best = k;
          most = density;
        }
      }
    }
    return best;
  }

  /** log N_k(z) in nats without the constant; the workspace's term holds the squared distance in the channels below {@code from}. */
  private static double logDensity(int k, double[] z, int zAt, Components codes, int from, Workspace w) {
    double distance = w.term[k];
    for (int i = from; i < codes.dims(); i++) {
      double x = (z[zAt + i] - codes.means[i * codes.count() + k]) * codes.inverseScales[k];
      distance += x * x;
    }
    return -0.5 * distance - codes.dims() * codes.logScales[k];
  }

  /**
   * The token whose mean is nearest; ties go to the smallest id. With equal scales this is {@link #decode}. It suits latents far from all
   * codes, where {@link #decode} would return the widest code whatever its direction.
   */
  public static int nearest(double[] z, int zAt, Components codes) {
    int best = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int k = 0; k < codes.count(); k++) {
      double distance = 0.0;
      for (int i = 0; i < codes.dims(); i++) {
        double x = z[zAt + i] - codes.means[i * codes.count() + k];
        distance += x * x;
      }
      if (distance < least) {
        least = distance;
        best = k;
      }
    }
    return best;
  }
}
