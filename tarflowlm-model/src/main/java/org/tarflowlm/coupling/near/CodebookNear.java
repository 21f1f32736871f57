package org.tarflowlm.coupling.near;

import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.Normal;

/**
 * {@link Codebook#vaeTerm} over very many codes: each row uses only the codes near it. If single precision cannot find them, the row uses
 * all codes, in double precision. Arguments as in {@link org.tarflowlm.coupling.batch.CodebookBatch}.
 */
public final class CodebookNear {
  private CodebookNear() {}

  /** Fills term. */
  public static void vaeTerm(float[] z, int n, Components codes, float[] term, NearWorkspace w) {
    double norm = codes.dims() * Normal.LOG_SQRT_2PI;
    for (int row = 0; row < n; row++) {
      term[row] = near(z, row, n, codes, w) ? (float) (norm - w.near.logSum) : w.inDouble.vaeTerm(z, row, codes);
    }
  }

  /** Gradient of sum(b term): fills dz, adds to dMeans and dLogScales. */
  public static void vaeTermGradient(float[] z, int n, Components codes, float[] b, float[] dz, double[] dMeans, double[] dLogScales,
      NearWorkspace w) {
    for (int row = 0; row < n; row++) {
      if (near(z, row, n, codes, w)) {
        w.near.gradient(-b[row], z, row * codes.dims(), dz, dMeans, dLogScales);
      } else {
        w.inDouble.vaeTermGradient(z, row, codes, b[row], dz, dMeans, dLogScales);
      }
    }
  }

  private static boolean near(float[] z, int row, int n, Components codes, NearWorkspace w) {
    w.ensure(codes.count());
    return w.near.evaluate(w.near.load(z, null, row, n, codes), z, row * codes.dims(), null, 0, w);
  }
}
