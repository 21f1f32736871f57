package org.tarflowlm.kernel;

import org.bytedeco.javacpp.FloatPointer;

/** The second factor [k, n] of products with many rows: part of a matrix of weights in memory, or of its transpose. */
final class Weights {
  /** Slot of {@link Scratch}'s views. */
  private static final int PART = 9;

  private final FloatPointer matrix;
  private final boolean transposed;
  /** From row to row in memory. */
  private final int stride;
  /** Where the part begins in memory. */
  private final long offset;
  private final int k;
  private final int n;

  private Weights(FloatPointer matrix, boolean transposed, int stride, long offset, int k, int n) {
    this.matrix = matrix;
    this.transposed = transposed;
    this.stride = stride;
    this.offset = offset;
    this.k = k;
    this.n = n;
  }

  /** The matrix [k, n]. */
  static Weights of(FloatPointer matrix, int k, int n) {
    return new Weights(matrix, false, n, 0, k, n);
  }

  /** The transpose of a matrix [n, k]. */
  static Weights transposed(FloatPointer matrix, int n, int k) {
    return new Weights(matrix, true, k, 0, k, n);
  }

  /** Columns [from, to). */
  Weights columns(int from, int to) {
    return new Weights(matrix, transposed, stride, offset + (transposed ? (long) from * stride : from), k, to - from);
  }

  /** Rows [from, to). */
  Weights rows(int from, int to) {
    return new Weights(matrix, transposed, stride, offset + (transposed ? from : (long) from * stride), to - from, n);
  }

  /** c = a w + beta c, with dense a [m, k] and c [m, n]. */
  void times(int m, FloatPointer a, float beta, FloatPointer c) {
    FloatPointer w = Scratch.get().view(PART, matrix, offset);
    if (transposed) {
      Gemm.run(false, true, m, n, k, 1f, a, k, w, stride, beta, c, n);
    } else {
      Gemm.rows(m, n, k, a, k, w, stride, beta, c, n);
    }
  }
}
