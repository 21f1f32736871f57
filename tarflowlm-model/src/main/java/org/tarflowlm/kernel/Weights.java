package org.tarflowlm.kernel;

import org.bytedeco.javacpp.FloatPointer;

/**
 * A matrix of weights [k, n], the second factor of products with many rows; it may be the transpose of one in memory.
 *
 * <p>If {@link Gemm} cuts products into pieces that OpenBLAS reads in place, the matrix is first copied into panels of few columns,
 * [n / columns, k, columns]. A piece is then one stretch of at most 32 KB, which stays in the first-level cache while all rows pass. In
 * the matrix itself, the rows of a piece are often a multiple of 4,096 bytes apart: they push each other out of that cache, and the
 * processor fetches none ahead. The copy lies in a slot of the calling thread's {@link Scratch} until the slot's next use.
 */
final class Weights {
  /** Rows from which on a matrix that is not transposed is copied; a guess, since with few rows the copy takes longer than it saves. */
  private static final int LEAST_ROWS = 128;
  /** Inner elements up to which pieces of a panel have {@link #WIDE} columns rather than {@link #NARROW}. */
  private static final int SHORT = 128;
  private static final int WIDE = 64;
  private static final int NARROW = 32;
  /** Where a part of the columns begins, so that it begins a panel. */
  static final int UNIT = WIDE;
  /** Columns of a matrix in memory that are transposed in one piece. */
  private static final int TRANSPOSED = 128;
  /** Slots of {@link Scratch}'s views. */
  private static final int PANEL = 9;
  private static final int TARGET = 10;

  private final FloatPointer matrix;
  private final boolean transposed;
  /** Rows and columns of the whole matrix. */
  private final int allRows;
  private final int allColumns;
  private final int columns;
  private final FloatPointer panels;
  /** The part that this object multiplies by, [k, n]. */
  private final int firstRow;
  private final int firstColumn;
  private final int k;
  private final int n;

  private Weights(FloatPointer matrix, boolean transposed, int k, int n, int rows, int slot) {
    this.matrix = matrix;
    this.transposed = transposed;
    this.k = k;
    this.n = n;
    allRows = k;
    allColumns = n;
    firstRow = 0;
    firstColumn = 0;
    columns = Gemm.inner(k) > SHORT ? NARROW : WIDE;
    panels = Gemm.transposingPays() && rows >= LEAST_ROWS ? panels(slot) : null;
  }

  private Weights(Weights of, int firstRow, int firstColumn, int k, int n) {
    matrix = of.matrix;
    transposed = of.transposed;
    allRows = of.allRows;
    allColumns = of.allColumns;
    columns = of.columns;
    panels = of.panels;
    this.firstRow = firstRow;
    this.firstColumn = firstColumn;
    this.k = k;
    this.n = n;
  }

  /** The matrix [k, n], for products with about {@code rows} rows in all. */
  static Weights of(FloatPointer matrix, int k, int n, int rows, int slot) {
    return new Weights(matrix, false, k, n, rows, slot);
  }

  /** The transpose of a matrix [n, k]. */
  static Weights transposed(FloatPointer matrix, int n, int k, int slot) {
    return new Weights(matrix, true, k, n, LEAST_ROWS, slot);
  }

  /** Columns [from, to) of the matrix, both multiples of {@link #UNIT} or its end. */
  Weights columns(int from, int to) {
    return new Weights(this, firstRow, firstColumn + from, k, to - from);
  }

  /** Rows [from, to) of the matrix. */
  Weights rows(int from, int to) {
    return new Weights(this, firstRow + from, firstColumn, to - from, n);
  }

  private FloatPointer panels(int slot) {
    FloatPointer result = Scratch.get().natives(slot, (long) k * n);
    if (transposed) {
      Parallel.run(Linear.ceilDiv(n, columns), panel -> transpose(panel * columns, result));
    } else {
      Parallel.run(Linear.ceilDiv(k, Gemm.IDENTITY), rows -> copy(rows * Gemm.IDENTITY, result));
    }
    return result;
  }

  /** Fills the panel that begins at column {@code first} with rows of the matrix in memory, in parts: long rows push each other out. */
  private void transpose(int first, FloatPointer result) {
    Scratch scratch = Scratch.get();
    int width = Math.min(columns, n - first);
    for (int i = 0; i < k; i += TRANSPOSED) {
      Gemm.transpose(width, Math.min(TRANSPOSED, k - i), scratch.view(0, matrix, (long) first * k + i), k,
          scratch.view(1, result, (long) first * k + (long) i * width), width);
    }
  }

  /** Copies a few rows to all panels, which reads memory in its order. */
  private void copy(int first, FloatPointer result) {
    Scratch scratch = Scratch.get();
    int rows = Math.min(Gemm.IDENTITY, k - first);
    for (int j = 0; j < n; j += columns) {
      int width = Math.min(columns, n - j);
      Gemm.copy(rows, width, scratch.view(0, matrix, (long) first * n + j), n,
          scratch.view(1, result, (long) j * k + (long) first * width), width);
    }
  }

  /** c = a w + beta c, with dense a [m, k] and c [m, n]. */
  void times(int m, FloatPointer a, float beta, FloatPointer c) {
    Scratch scratch = Scratch.get();
    if (panels != null && (transposed || Gemm.isCut(m, n, k))) {
      for (int j = 0; j < n; j += columns) {
        int width = Math.min(columns, n - j);
        FloatPointer panel = scratch.view(PANEL, panels, (long) (firstColumn + j) * allRows + (long) firstRow * width);
        Gemm.inPieces(false, m, width, k, 1f, a, k, panel, width, beta, scratch.view(TARGET, c, j), n);
      }
    } else if (transposed) {
      Gemm.run(false, true, m, n, k, 1f, a, k, scratch.view(PANEL, matrix, (long) firstColumn * allRows + firstRow), allRows, beta, c, n);
    } else {
      Gemm.rows(m, n, k, a, scratch.view(PANEL, matrix, (long) firstRow * allColumns + firstColumn), allColumns, beta, c);
    }
  }
}
