package org.tarflowlm.kernel;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.blas_set_num_threads;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemm;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemv;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sger;

import java.util.stream.IntStream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Matrix products in native memory, by {@link OneDnn} or else by ND4J's OpenBLAS. All matrices are row-major; {@code ld} is the number of
 * elements from row to row.
 *
 * <p>Called inside the tasks of {@link Parallel}: a product runs on the calling thread only. The library's own threads would have to wait
 * for each other in every product, and a kernel knows better how to split its work.
 *
 * <p>Loading this class checks small products of every kind against plain Java, because {@link NativeSetup} may have forced kernels that
 * the processor does not run correctly.
 */
public final class Gemm {
  /** Rows that kernels for AVX2 multiply at a time or, for oneDNN's, twice that. */
  static final int ROW_UNIT = 12;
  /** Rows of a sequence from which on filling it up takes less than a tenth. */
  private static final int LEAST_ALIGNED = 100;
  /** Whether a row's bits depend on its place among {@link #ROW_UNIT} alone, once the last ones are filled up. */
  private static final boolean BY_TWELVE;
  /** Whether a row's bits depend on nothing, as long as there are two rows. */
  private static final boolean ALIKE;

  static {
    NativeSetup.ensure();
    ALIKE = OneDnn.LOADED && OneDnn.isForAvx512();
    BY_TWELVE = NativeSetup.isForAvx2();
    blas_set_num_threads(1);
    Check.run(Gemm::run);
    Check.run(Gemm::runFew);
  }

  private Gemm() {}

  /** Loads the library and checks its products. */
  public static void load() {
    // the static initialiser does it
  }

  /** c = alpha a b + beta c, with c [m, n], a [m, k] (stored [k, m] if transA) and b [k, n] (stored [n, k] if transB). */
  public static void run(boolean transA, boolean transB, int m, int n, int k, float alpha, FloatPointer a, int lda,
      FloatPointer b, int ldb, float beta, FloatPointer c, int ldc) {
    if (OneDnn.LOADED && k > 0) { // without inner elements, oneDNN would leave c as it is even if beta is 0
      OneDnn.multiply(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    } else {
      runFew(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    }
  }

  /** The same by OpenBLAS, which multiplies few rows faster. */
  static void runFew(boolean transA, boolean transB, int m, int n, int k, float alpha, FloatPointer a, int lda,
      FloatPointer b, int ldb, float beta, FloatPointer c, int ldc) {
    cblas_sgemm(CblasRowMajor, transA ? CblasTrans : CblasNoTrans, transB ? CblasTrans : CblasNoTrans,
        m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  }

  /** Whether rows of a sequence have the bits that they have by themselves where a kernel is told where sequences begin. */
  public static boolean keepsSequences(int rows) {
    return ALIKE || BY_TWELVE && (rows % ROW_UNIT == 0 || rows >= LEAST_ALIGNED);
  }

  /** Takes some of many rows. */
  interface Rows {
    /** Rows [first, first + count). */
    void run(int first, int count);
  }

  /** Takes some of many rows for one part of a kernel's work. */
  interface PartRows {
    /** Rows [first, first + count). */
    void run(int part, int first, int count);
  }

  /**
   * Shares out rows in chunks, of which each begins a multiple of {@link #ROW_UNIT} behind the begin of a sequence. With {@link #rows} the
   * bits of a sequence then depend neither on the others, nor on the number of threads.
   *
   * @param sequence rows of each; short ones that would be mostly filling are not told apart
   * @param size of a chunk, about
   */
  static void inChunks(int rows, int sequence, int size, Rows task) {
    inChunks(rows, sequence, size, 1, (part, first, count) -> task.run(first, count));
  }

  /** Shares out all rows for each of {@code parts} parts, the first part's first. */
  static void inChunks(int rows, int sequence, int size, int parts, PartRows task) {
    int unit = keepsSequences(sequence) && sequence % ROW_UNIT != 0 && rows % sequence == 0 ? sequence : rows;
    int pieces = Math.max(1, (unit + size / 2) / size);
    int chunk = Linear.ceilDiv(Linear.ceilDiv(unit, pieces), ROW_UNIT) * ROW_UNIT;
    int chunks = Linear.ceilDiv(unit, chunk);
    int chunksOfAll = rows / unit * chunks;
    Parallel.run(parts * chunksOfAll, index -> {
      int i = index % chunksOfAll;
      int first = i % chunks * chunk;
      task.run(index / chunksOfAll, i / chunks * unit + first, Math.min(chunk, unit - first));
    });
  }

  /**
   * c = a b + beta c with a [m, k], b [k, n] and c [m, n]. Kernels for AVX2 take rows by six or twelve, and round otherwise what is left,
   * by fours, twos and ones; those for AVX-512 so a single row. Here that is filled up to twelve, so that a row's bits depend at most on
   * its place among twelve.
   */
  static void rows(int m, int n, int k, FloatPointer a, int lda, FloatPointer b, int ldb, float beta, FloatPointer c, int ldc) {
    int left = BY_TWELVE ? m % ROW_UNIT : ALIKE && m == 1 ? 1 : 0;
    int whole = m - left;
    if (whole > 0) {
      run(false, false, whole, n, k, 1f, a, lda, b, ldb, beta, c, ldc);
    }
    if (left > 0) {
      Scratch scratch = Scratch.get();
      FloatPointer rows = scratch.gemmNatives((long) ROW_UNIT * (k + n));
      FloatPointer sums = scratch.gemmView(0, rows, (long) ROW_UNIT * k);
      for (int i = 0; i < left; i++) {
        copy(scratch, a, (long) (whole + i) * lda, rows, (long) i * k, k);
        copy(scratch, c, (long) (whole + i) * ldc, sums, (long) i * n, n);
      }
      run(false, false, ROW_UNIT, n, k, 1f, rows, k, b, ldb, beta, sums, n);
      for (int i = 0; i < left; i++) {
        copy(scratch, sums, (long) i * n, c, (long) (whole + i) * ldc, n);
      }
    }
  }

  private static void copy(Scratch scratch, FloatPointer from, long fromAt, FloatPointer to, long toAt, int count) {
    Pointer.memcpy(scratch.gemmView(1, to, toAt), scratch.gemmView(2, from, fromAt), (long) Float.BYTES * count);
  }

  /** sums [columns] = beta sums + column sums of a [rows, columns]; {@code ones} holds at least {@code rows} ones. */
  static void addColumnSums(int rows, int columns, FloatPointer a, FloatPointer ones, float beta, FloatPointer sums) {
    cblas_sgemv(CblasRowMajor, CblasTrans, rows, columns, 1f, a, columns, ones, 1, beta, sums, 1);
  }

  /** Adds {@code row} [columns] to every row of a [rows, columns]; {@code ones} holds at least {@code rows} ones. */
  static void addToRows(int rows, int columns, FloatPointer ones, FloatPointer row, FloatPointer a, int lda) {
    cblas_sger(CblasRowMajor, rows, columns, 1f, ones, 1, row, 1, a, lda);
  }

  /** Pseudo-random numbers in [-1, 1). */
  static float[] pattern(int length, int seed) {
    float[] result = new float[length];
    int state = seed;
    for (int i = 0; i < length; i++) {
      state = state * 1_664_525 + 1_013_904_223;
      result[i] = state / 2_147_483_648f;
    }
    return result;
  }

  /** A product as {@link #run} takes it. */
  private interface Product {
    void run(boolean transA, boolean transB, int m, int n, int k, float alpha, FloatPointer a, int lda, FloatPointer b, int ldb, float beta,
        FloatPointer c, int ldc);
  }

  /** Checks products once per process: times a vector v, (a b) v must be a (b v), which takes few operations. */
  private static final class Check {
    /** Odd sizes test the edge cases of a blocked product, larger ones its inner kernel. */
    private static final int[][] SIZES = {{5, 7, 3}, {33, 65, 17}, {96, 80, 128}, {130, 100, 300}};
    private static final double TOLERANCE = 1e-4;

    private Check() {}

    /** @throws IllegalStateException if a product is wrong. */
    static void run(Product product) {
      for (int[] size : SIZES) {
        check(product, false, false, size[0], size[1], size[2]);
        check(product, true, false, size[0], size[1], size[2]);
        check(product, false, true, size[0], size[1], size[2]);
      }
    }

    private static void check(Product product, boolean transA, boolean transB, int m, int n, int k) {
      float[] a = pattern(m * k, 37);
      float[] b = pattern(k * n, 53);
      float[] c = pattern(m * n, 11);
      float[] v = pattern(n, 29);
      float[] found = new float[m * n];
      try (FloatPointer pa = new FloatPointer(a); FloatPointer pb = new FloatPointer(b); FloatPointer pc = new FloatPointer(c)) {
        product.run(transA, transB, m, n, k, 0.5f, pa, transA ? m : k, pb, transB ? k : n, 1f, pc, n);
        pc.get(found);
      }
      double[] foundTimesV = times(found, false, m, n, toDoubles(v));
      double[] cTimesV = times(c, false, m, n, toDoubles(v));
      double[] abTimesV = times(a, transA, m, k, times(b, transB, k, n, toDoubles(v)));
      for (int i = 0; i < m; i++) {
        double expected = cTimesV[i] + 0.5 * abTimesV[i];
        if (!(Math.abs(foundTimesV[i] - expected) <= TOLERANCE * (1 + Math.abs(expected)))) {
          throw new IllegalStateException("the native library computes wrong matrix products on this processor: a sum of row " + i + " is "
              + foundTimesV[i] + "; expected " + expected + " (" + m + " x " + k + " x " + n + "); set OPENBLAS_CORETYPE in the"
              + " environment to a type it supports, for example Haswell");
        }
      }
    }

    /** The product of a matrix [m, n], or of the transpose of one in memory, with a vector. */
    private static double[] times(float[] matrix, boolean transposed, int m, int n, double[] v) {
      double[] result = new double[m];
      for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
          result[i] += matrix[transposed ? j * m + i : i * n + j] * v[j];
        }
      }
      return result;
    }

    private static double[] toDoubles(float[] v) {
      return IntStream.range(0, v.length).mapToDouble(i -> v[i]).toArray();
    }
  }
}
