package org.tarflowlm.coupling.batch;

import org.tarflowlm.coupling.LogScaleBound;
import org.tarflowlm.vector.FloatMath;

/** {@link LogScaleBound} in single precision. The log-scales of all rows are moved side by side, so that one loop bounds them. */
public final class LogScaleBoundBatch {
  private LogScaleBoundBatch() {}

  /** {@link LogScaleBound#forward}. */
  public static void forward(float[] raw, int rows, int width, int k, float bound, float[] theta, BatchWorkspace w) {
    w.ensure(1, k, rows);
    gather(raw, rows, width, k, w.mean);
    FloatMath.boundByTanh(w.mean, bound, rows * k);
    System.arraycopy(raw, 0, theta, 0, rows * width);
    scatter(w.mean, rows, width, k, theta);
  }

  /** {@link LogScaleBound#gradient}. */
  public static void gradient(float[] theta, float[] dTheta, int rows, int width, int k, float bound, float[] dRaw, BatchWorkspace w) {
    w.ensure(1, k, rows);
    gather(theta, rows, width, k, w.mean);
    gather(dTheta, rows, width, k, w.dMean);
    scale(w.dMean, w.mean, 1f / bound, rows * k);
    System.arraycopy(dTheta, 0, dRaw, 0, rows * width);
    scatter(w.dMean, rows, width, k, dRaw);
  }

  private static void scale(float[] gradient, float[] logScale, float factor, int n) {
    for (int i = 0; i < n; i++) {
      float tanh = logScale[i] * factor;
      gradient[i] *= 1f - tanh * tanh;
    }
  }

  /** Copies the last K numbers of each row. */
  private static void gather(float[] source, int rows, int width, int k, float[] target) {
    for (int row = 0; row < rows; row++) {
      System.arraycopy(source, (row + 1) * width - k, target, row * k, k);
    }
  }

  private static void scatter(float[] source, int rows, int width, int k, float[] target) {
    for (int row = 0; row < rows; row++) {
      System.arraycopy(source, row * k, target, (row + 1) * width - k, k);
    }
  }
}
