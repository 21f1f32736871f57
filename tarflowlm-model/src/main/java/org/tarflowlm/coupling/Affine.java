package org.tarflowlm.coupling;

/**
 * Affine coupling of one scalar (paper section 3.2): u = (z - shift) / s with s = exp(logScale) &gt; 0, log |du/dz| = -logScale.
 * It is the mixture-CDF coupling with one component.
 */
public final class Affine {
  private Affine() {}

  /** u = (z - shift) exp(-logScale). */
  public static double forward(double z, double shift, double logScale) {
    return (z - shift) * Math.exp(-logScale);
  }

  /** log |du/dz| in nats. */
  public static double logDet(double logScale) {
    return -logScale;
  }

  /** log p(z) = log phi(u) + log |du/dz| in nats. */
  public static double logDensity(double z, double shift, double logScale) {
    return Normal.logPdf(forward(z, shift, logScale)) - logScale;
  }

  /**
   * Gradient of L = a u + b log |du/dz|: returns dL/dz = a / s and writes dL/dshift = -a / s and dL/dlogScale = -a u - b to
   * {@code dTheta[dAt]} and {@code dTheta[dAt + 1]}.
   */
  public static double gradient(double z, double shift, double logScale, double a, double b, double[] dTheta, int dAt) {
    double inverseScale = Math.exp(-logScale);
    double dz = a * inverseScale;
    dTheta[dAt] = -dz;
    dTheta[dAt + 1] = -a * (z - shift) * inverseScale - b;
    return dz;
  }

  /** Gradient of L = b log p(z): {@link #gradient} with a = -b u. */
  public static double logDensityGradient(double z, double shift, double logScale, double b, double[] dTheta, int dAt) {
    return gradient(z, shift, logScale, -b * forward(z, shift, logScale), b, dTheta, dAt);
  }

  /** z = s u + shift. */
  public static double inverse(double u, double shift, double logScale) {
    return u * Math.exp(logScale) + shift;
  }
}
