package org.tarflowlm.kernel;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.blas_set_num_threads;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemm;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemv;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sger;

import java.util.List;
import java.util.Locale;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Matrix products in native memory by ND4J's own OpenBLAS. All matrices are row-major; {@code ld} is the number of elements from row to
 * row.
 *
 * <p>Called inside the tasks of {@link Parallel}: OpenBLAS runs on the calling thread only. Its own threads would have to wait for each
 * other in every product, and a kernel knows better how to split its work.
 *
 * <p>OpenBLAS usually copies both factors of a product into packed panels first. With core type SkylakeX and a second factor that is not
 * transposed, it reads products below a million multiply-adds in place. Cut into pieces of that size, a transformer's products run 20 to
 * 30 % faster, so this class cuts them where that applies.
 *
 * <p>Loading this class checks small products of every kind against plain Java, because {@link NativeSetup} may have forced kernels that
 * the processor does not run correctly.
 */
public final class Gemm {
  /** The most multiply-adds of a product that OpenBLAS runs without packing. */
  private static final int UNPACKED = 1_000_000;
  /** Columns (and below, inner elements) of a piece of a larger product; the best all-round values by measurement. */
  private static final int PIECE_COLUMNS = 64;
  private static final int PIECE_INNER = 256;
  /** Rows of a piece are a multiple of this, which suits the blocking of OpenBLAS's kernel. */
  static final int ROW_UNIT = 12;
  /** Rows of a sequence from which on filling it up takes less than a tenth. */
  private static final int LEAST_ALIGNED = 100;
  /** Rows that {@link #copy} and {@link #transpose} take at a time. */
  static final int IDENTITY = 32;
  private static final boolean IN_PIECES;
  private static final boolean BY_TWELVE;

  static {
    NativeSetup.ensure();
    IN_PIECES = NativeSetup.coreType().equalsIgnoreCase("SkylakeX");
    BY_TWELVE = List.of("haswell", "zen").contains(NativeSetup.coreType().toLowerCase(Locale.ROOT));
    blas_set_num_threads(1);
    Check.run();
  }

  private Gemm() {}

  /** Loads the library and checks its products. */
  public static void load() {
    // the static initialiser does it
  }

  /** c = alpha a b + beta c, with c [m, n], a [m, k] (stored [k, m] if transA) and b [k, n] (stored [n, k] if transB). */
  public static void run(boolean transA, boolean transB, int m, int n, int k, float alpha, FloatPointer a, int lda,
      FloatPointer b, int ldb, float beta, FloatPointer c, int ldc) {
    if (!transB && isCut(m, n, k)) {
      inPieces(transA, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    } else {
      call(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    }
  }

  /** Whether a product whose second factor is not transposed is cut into pieces. */
  static boolean isCut(int m, int n, int k) {
    return IN_PIECES && (long) m * n * k > UNPACKED;
  }

  /** Inner elements of a piece of a product with {@code k} of them. */
  static int inner(int k) {
    return evenPart(k, PIECE_INNER, 1);
  }

  /** Whether rows of a sequence have the bits that they have by themselves where a kernel is told where sequences begin. */
  public static boolean keepsSequences(int rows) {
    return BY_TWELVE && (rows % ROW_UNIT == 0 || rows >= LEAST_ALIGNED);
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
   * c = a b + beta c with dense a [m, k] and c [m, n], and b [k, n]. OpenBLAS's kernels for AVX2 take rows by twelve, and round
   * otherwise what is left, by fours, twos and ones. Here it is filled up to twelve, so that a row's bits depend on its place among
   * twelve alone.
   */
  static void rows(int m, int n, int k, FloatPointer a, FloatPointer b, int ldb, float beta, FloatPointer c) {
    int left = BY_TWELVE ? m % ROW_UNIT : 0;
    int whole = m - left;
    if (whole > 0) {
      run(false, false, whole, n, k, 1f, a, k, b, ldb, beta, c, n);
    }
    if (left > 0) {
      Scratch scratch = Scratch.get();
      FloatPointer rows = scratch.gemmNatives((long) ROW_UNIT * (k + n));
      FloatPointer sums = scratch.gemmView(0, rows, (long) ROW_UNIT * k);
      FloatPointer target = scratch.gemmView(1, c, (long) whole * n);
      Pointer.memcpy(rows, scratch.gemmView(2, a, (long) whole * k), (long) Float.BYTES * left * k);
      Pointer.memcpy(sums, target, (long) Float.BYTES * left * n);
      call(false, false, ROW_UNIT, n, k, 1f, rows, k, b, ldb, beta, sums, n);
      Pointer.memcpy(target, sums, (long) Float.BYTES * left * n);
    }
  }

  static void inPieces(boolean transA, int m, int n, int k, float alpha, FloatPointer a, int lda, FloatPointer b, int ldb,
      float beta, FloatPointer c, int ldc) {
    int inner = inner(k);
    int columns = Math.min(n, PIECE_COLUMNS);
    int rows = evenPart(m, Math.max(ROW_UNIT, UNPACKED / (columns * inner)), ROW_UNIT);
    Scratch scratch = Scratch.get();
    for (int l = 0; l < k; l += inner) {
      for (int i = 0; i < m; i += rows) {
        FloatPointer pieceOfA = scratch.gemmView(0, a, transA ? (long) l * lda + i : (long) i * lda + l);
        for (int j = 0; j < n; j += columns) {
          call(transA, false, Math.min(rows, m - i), Math.min(columns, n - j), Math.min(inner, k - l), alpha, pieceOfA, lda,
              scratch.gemmView(1, b, (long) l * ldb + j), ldb, l == 0 ? beta : 1f, scratch.gemmView(2, c, (long) i * ldc + j), ldc);
        }
      }
    }
  }

  /** Size, a multiple of {@code unit}, of the fewest even parts of {@code total} with at most {@code limit} each. */
  private static int evenPart(int total, int limit, int unit) {
    int units = (total + unit - 1) / unit;
    int parts = (units + limit / unit - 1) / (limit / unit);
    return (units + parts - 1) / parts * unit;
  }

  private static void call(boolean transA, boolean transB, int m, int n, int k, float alpha, FloatPointer a, int lda,
      FloatPointer b, int ldb, float beta, FloatPointer c, int ldc) {
    cblas_sgemm(CblasRowMajor, transA ? CblasTrans : CblasNoTrans, transB ? CblasTrans : CblasNoTrans,
        m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  }

  /** Whether a product with a transposed second factor is so much slower that transposing it first pays. */
  static boolean transposingPays() {
    return IN_PIECES;
  }

  /** t [columns, rows] = transpose of a [rows, columns], by products with an identity matrix, which are as fast as copying loops. */
  static void transpose(int rows, int columns, FloatPointer a, int lda, FloatPointer t, int ldt) {
    Scratch scratch = Scratch.get();
    for (int i = 0; i < rows; i += IDENTITY) {
      int count = Math.min(IDENTITY, rows - i);
      call(true, false, columns, count, count, 1f, scratch.gemmView(0, a, (long) i * lda), lda, Identity.MATRIX, IDENTITY, 0f,
          scratch.gemmView(1, t, i), ldt);
    }
  }

  /** t [rows, columns] = a, a part of a wider matrix; see {@link #transpose}. */
  static void copy(int rows, int columns, FloatPointer a, int lda, FloatPointer t, int ldt) {
    Scratch scratch = Scratch.get();
    for (int i = 0; i < rows; i += IDENTITY) {
      int count = Math.min(IDENTITY, rows - i);
      call(false, false, count, columns, count, 1f, Identity.MATRIX, IDENTITY, scratch.gemmView(0, a, (long) i * lda), lda, 0f,
          scratch.gemmView(1, t, (long) i * ldt), ldt);
    }
  }

  /** sums [columns] = beta sums + column sums of a [rows, columns]; {@code ones} holds at least {@code rows} ones. */
  static void addColumnSums(int rows, int columns, FloatPointer a, FloatPointer ones, float beta, FloatPointer sums) {
    cblas_sgemv(CblasRowMajor, CblasTrans, rows, columns, 1f, a, columns, ones, 1, beta, sums, 1);
  }

  /** Adds {@code row} [columns] to every row of a [rows, columns]; {@code ones} holds at least {@code rows} ones. */
  static void addToRows(int rows, int columns, FloatPointer ones, FloatPointer row, FloatPointer a, int lda) {
    cblas_sger(CblasRowMajor, rows, columns, 1f, ones, 1, row, 1, a, lda);
  }

  /** The identity matrix [IDENTITY, IDENTITY]. */
  private static final class Identity {
    static final FloatPointer MATRIX = new FloatPointer((long) IDENTITY * IDENTITY);

    static {
      for (int i = 0; i < IDENTITY * IDENTITY; i++) {
        MATRIX.put(i, i % (IDENTITY + 1) == 0 ? 1f : 0f);
      }
    }
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

  /** Checks products against plain Java loops once per process, which takes a few milliseconds. */
  private static final class Check {
    /** Odd sizes test the edge cases of a blocked product, larger ones its inner kernel. */
    private static final int[][] SIZES = {{5, 7, 3}, {33, 65, 17}, {96, 80, 128}, {130, 100, 300}};
    private static final double TOLERANCE = 1e-4;

    private Check() {}

    /** @throws IllegalStateException if a product is wrong. */
    static void run() {
      for (int[] size : SIZES) {
        check(false, false, size[0], size[1], size[2]);
        check(true, false, size[0], size[1], size[2]);
        check(false, true, size[0], size[1], size[2]);
      }
    }

    private static void check(boolean transA, boolean transB, int m, int n, int k) {
      float[] a = pattern(m * k, 37);
      float[] b = pattern(k * n, 53);
      float[] c = pattern(m * n, 11);
      float[] found = new float[m * n];
      try (FloatPointer pa = new FloatPointer(a); FloatPointer pb = new FloatPointer(b); FloatPointer pc = new FloatPointer(c)) {
        Gemm.run(transA, transB, m, n, k, 0.5f, pa, transA ? m : k, pb, transB ? k : n, 1f, pc, n);
        pc.get(found);
      }
      for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
          double sum = 0;
          for (int l = 0; l < k; l++) {
            sum += (double) a[transA ? l * m + i : i * k + l] * b[transB ? j * k + l : l * n + j];
          }
          double expected = c[i * n + j] + 0.5 * sum;
          if (!(Math.abs(found[i * n + j] - expected) <= TOLERANCE * (1 + Math.abs(expected)))) {
            throw new IllegalStateException("OpenBLAS computes wrong matrix products on this processor: found " + found[i * n + j]
                + "; expected " + expected + " (" + m + " x " + k + " x " + n + "); set OPENBLAS_CORETYPE in the environment"
                + " to a type it supports, for example Haswell");
          }
        }
      }
    }
  }
}
