package org.tarflowlm.coupling;

import org.tarflowlm.vector.DoubleLoops;

/**
 * Keeps the log-scales that a network predicts within (-bound, bound): logScale = bound tanh(raw / bound), the identity near 0.
 * The paper does not bound them; without a bound, one bad step early in training can make a scale underflow.
 *
 * <p>Arrays hold {@code rows} rows of {@code width} numbers. The last {@code k} numbers of every row are log-scales; the others are
 * copied unchanged.
 */
public final class LogScaleBound {
  private LogScaleBound() {}

  /** Copies {@code raw} to {@code theta} with its log-scales bounded. */
  public static void forward(double[] raw, int rows, int width, int k, double bound, double[] theta) {
    double factor = 2.0 / bound;
    for (int row = 0; row < rows; row++) {
      int end = (row + 1) * width;
      System.arraycopy(raw, row * width, theta, row * width, width - k);
      for (int j = end - k; j < end; j++) {
        theta[j] = bound - 2.0 * bound / (1.0 + DoubleLoops.exp(factor * raw[j]));
      }
    }
  }

  /** Writes dL/draw, given the bounded {@code theta} and dL/dtheta: the derivative is 1 - (logScale / bound)^2. */
  public static void gradient(double[] theta, double[] dTheta, int rows, int width, int k, double bound, double[] dRaw) {
    double factor = 1.0 / bound;
    for (int row = 0; row < rows; row++) {
      int end = (row + 1) * width;
      System.arraycopy(dTheta, row * width, dRaw, row * width, width - k);
      for (int j = end - k; j < end; j++) {
        double tanh = theta[j] * factor;
        dRaw[j] = dTheta[j] * (1.0 - tanh * tanh);
      }
    }
  }
}
