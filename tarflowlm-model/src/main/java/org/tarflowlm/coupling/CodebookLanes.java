package org.tarflowlm.coupling;

import java.util.Arrays;

/**
 * {@link Codebook#vaeTerm} in single precision, many positions at a time; those that single precision cannot hold
 * ({@link ComponentLanes#softmax}) are computed by {@link Codebook}.
 *
 * <pre>
 *   z, dz [n][d]      term, b [n]      dMeans [d][V]      dLogScales [V]
 * </pre>
 */
public final class CodebookLanes {
  private CodebookLanes() {}

  /** Fills term. */
  public static void vaeTerm(float[] z, int n, Components codes, float[] term, LaneWorkspace w) {
    if (codes.count() >= NearComponents.MANY) {
      sparseVaeTerm(z, n, codes, term, w);
      return;
    }
    int rows = Lanes.rows(n, codes.count());
    float norm = (float) (codes.dims() * Normal.LOG_SQRT_2PI);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      posterior(z, first, count, codes, w);
      for (int i = 0; i < count; i++) {
        term[first + i] = w.usable[i] ? norm - w.row[5][i] : (float) Codebook.vaeTerm(row(z, first + i, codes, w), 0, codes, w.scalar);
      }
    }
  }

  /** Gradient of sum(b term): fills dz, adds to dMeans and dLogScales. */
  public static void vaeTermGradient(float[] z, int n, Components codes, float[] b, float[] dz, double[] dMeans, double[] dLogScales,
      LaneWorkspace w) {
    if (codes.count() >= NearComponents.MANY) {
      sparseVaeTermGradient(z, n, codes, b, dz, dMeans, dLogScales, w);
      return;
    }
    int k = codes.count();
    int dims = codes.dims();
    int rows = Lanes.rows(n, k);
    for (int first = 0; first < n; first += rows) {
      int count = Math.min(rows, n - first);
      posterior(z, first, count, codes, w);
      for (int i = 0; i < count; i++) {
        w.row[4][i] = w.usable[i] ? -b[first + i] : 0f;
        if (!w.usable[i]) {
          RosenblattLanes.blank(w.posterior, i, count, k);
        }
      }
      Lanes.repeat(w.row[4], w.factor[0], count, count * k);
      Lanes.multiply(w.posterior, w.factor[0], w.adjoint, count * k);
      w.components.gradient(z, first, dims, k, w.adjoint, dz, dMeans, dLogScales, w);
      for (int i = 0; i < count; i++) {
        if (!w.usable[i]) {
          scalarGradient(z, first + i, codes, b[first + i], dz, dMeans, dLogScales, w);
        }
      }
    }
  }

  private static void scalarGradient(float[] z, int row, Components codes, float b, float[] dz, double[] dMeans, double[] dLogScales,
      LaneWorkspace w) {
    int dims = codes.dims();
    double[] point = row(z, row, codes, w);
    Codebook.vaeTermGradient(point, 0, codes, b, point, dims, dMeans, dLogScales, w.scalar);
    for (int j = 0; j < dims; j++) {
      dz[row * dims + j] = (float) point[dims + j];
    }
  }

  /** VAE term over very many codes, computed from those that are near. */
  private static void sparseVaeTerm(float[] z, int n, Components codes, float[] term, LaneWorkspace w) {
    double norm = codes.dims() * Normal.LOG_SQRT_2PI;
    for (int row = 0; row < n; row++) {
      term[row] = near(z, row, n, codes, w) ? (float) (norm - w.near.logSum)
          : (float) Codebook.vaeTerm(row(z, row, codes, w), 0, codes, w.scalar);
    }
  }

  private static void sparseVaeTermGradient(float[] z, int n, Components codes, float[] b, float[] dz, double[] dMeans,
      double[] dLogScales, LaneWorkspace w) {
    for (int row = 0; row < n; row++) {
      if (near(z, row, n, codes, w)) {
        w.near.gradient(-b[row], z, row * codes.dims(), codes, dz, dMeans, dLogScales);
      } else {
        scalarGradient(z, row, codes, b[row], dz, dMeans, dLogScales, w);
      }
    }
  }

  private static boolean near(float[] z, int row, int n, Components codes, LaneWorkspace w) {
    int inBlock = row % NearComponents.ROWS;
    if (inBlock == 0) {
      w.ensure(1, codes.count(), 1);
      w.near.load(z, null, row, Math.min(NearComponents.ROWS, n - row), codes.dims(), codes, w.tiles);
    }
    return w.near.evaluate(inBlock, z, row * codes.dims(), null, 0, codes, w);
  }

  private static void posterior(float[] z, int first, int rows, Components codes, LaneWorkspace w) {
    int k = codes.count();
    w.ensure(1, k, rows);
    w.components.load(codes, rows);
    Arrays.fill(w.posterior, 0, k * rows, 0f);
    w.components.addLogDensities(z, first, codes.dims(), k, w.posterior, w);
    w.components.softmax(w.posterior, k, w);
  }

  /** A position in double precision, with room for its gradient behind it. */
  private static double[] row(float[] z, int row, Components codes, LaneWorkspace w) {
    int dims = codes.dims();
    if (w.parameters.length < 2 * dims) {
      w.parameters = new double[2 * dims];
    }
    for (int j = 0; j < dims; j++) {
      w.parameters[j] = z[row * dims + j];
    }
    return w.parameters;
  }
}
