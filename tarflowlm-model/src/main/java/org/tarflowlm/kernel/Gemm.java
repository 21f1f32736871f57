package org.tarflowlm.kernel;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.blas_set_num_threads;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemm;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemv;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sger;

import org.bytedeco.javacpp.FloatPointer;

/**
 * Matrix products on native memory, by ND4J's own OpenBLAS; all matrices row-major, {@code ld} = elements from row to row.
 *
 * <p>Called inside the tasks of {@link Parallel}: OpenBLAS runs on the calling thread only. Its own threads would have to meet
 * at a barrier in every product, and a kernel knows better how to split its work.
 *
 * <p>Loading this class checks one small product of every kind against plain Java, because the core type may have been forced
 * (see {@link NativeSetup}) to kernels that the processor does not run right.
 */
public final class Gemm {
  static {
    NativeSetup.ensure();
    blas_set_num_threads(1);
    GemmCheck.run();
  }

  private Gemm() {}

  /** c = alpha a b + beta c, with c [m, n], a [m, k] (stored [k, m] if transA) and b [k, n] (stored [n, k] if transB). */
  public static void run(boolean transA, boolean transB, int m, int n, int k, float alpha, FloatPointer a, int lda,
      FloatPointer b, int ldb, float beta, FloatPointer c, int ldc) {
    cblas_sgemm(CblasRowMajor, transA ? CblasTrans : CblasNoTrans, transB ? CblasTrans : CblasNoTrans,
        m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  }

  /** sums [columns] = the sums over the rows of a [rows, columns]; {@code ones} holds at least {@code rows} ones. */
  static void columnSums(int rows, int columns, FloatPointer a, int lda, FloatPointer ones, FloatPointer sums) {
    cblas_sgemv(CblasRowMajor, CblasTrans, rows, columns, 1f, a, lda, ones, 1, 0f, sums, 1);
  }

  /** Adds {@code row} [columns] to every row of a [rows, columns]; {@code ones} holds at least {@code rows} ones. */
  static void addToRows(int rows, int columns, FloatPointer ones, FloatPointer row, FloatPointer a, int lda) {
    cblas_sger(CblasRowMajor, rows, columns, 1f, ones, 1, row, 1, a, lda);
  }
}
