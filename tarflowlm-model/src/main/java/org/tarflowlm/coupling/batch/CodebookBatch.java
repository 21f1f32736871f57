package org.tarflowlm.coupling.batch;

import java.util.Arrays;
import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.Normal;
import org.tarflowlm.vector.FloatLoops;

/**
 * {@link Codebook#vaeTerm} in single precision, many positions at a time; {@link Codebook} computes those for which single precision
 * does not suffice ({@link ComponentsBatch#softmax}).
 *
 * <pre>
 *   z, dz [n][d]      term, b [n]      dMeans [d][V]      dLogScales [V]
 * </pre>
 */
public final class CodebookBatch {
  private CodebookBatch() {}

  /** Fills term, in nats. */
  public static void vaeTerm(float[] z, int n, Components codes, float[] term, BatchWorkspace w) {
    int rows = BatchLayout.rows(n, codes.count());
    float norm = (float) (codes.dims() * Normal.LOG_SQRT_2PI);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      posterior(z, first, count, codes, w);
      for (int i = 0; i < count; i++) {
        term[first + i] = w.usable[i] ? norm - w.logSum[i] : w.inDouble.vaeTerm(z, first + i, codes);
      }
    }
  }

  /** Gradient of sum(b term): fills dz, adds to dMeans and dLogScales. */
  public static void vaeTermGradient(float[] z, int n, Components codes, float[] b, float[] dz, double[] dMeans, double[] dLogScales,
      BatchWorkspace w) {
    int k = codes.count();
    int rows = BatchLayout.rows(n, k);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      int cells = count * k;
      posterior(z, first, count, codes, w);
      for (int i = 0; i < count; i++) {
        w.upstream[i] = w.usable[i] ? -b[first + i] : 0f;
        if (!w.usable[i]) {
          MixtureRosenblattBatch.blank(w.posterior, i, count, k);
        }
      }
      FloatLoops.multiply(w.posterior, w.spread(0, w.upstream, count, cells), w.adjoint, cells);
      w.components.gradient(z, first, codes.dims(), k, w.adjoint, dz, dMeans, dLogScales, w);
      for (int i = 0; i < count; i++) {
        if (!w.usable[i]) {
          w.inDouble.vaeTermGradient(z, first + i, codes, b[first + i], dz, dMeans, dLogScales);
        }
      }
    }
  }

  private static void posterior(float[] z, int first, int rows, Components codes, BatchWorkspace w) {
    int k = codes.count();
    w.ensure(1, k, rows);
    w.components.load(codes, rows);
    Arrays.fill(w.posterior, 0, k * rows, 0f);
    w.components.addLogDensities(z, first, codes.dims(), k, w.posterior, w);
    w.components.softmax(w.posterior, k, w);
  }
}
