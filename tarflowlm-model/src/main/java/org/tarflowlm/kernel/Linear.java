package org.tarflowlm.kernel;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * y = x w + bias + residual.
 *
 * <pre>
 *   x [rows, in]    w [in, out]    bias [out] or null    residual [rows, out] or null    y [rows, out]
 *   dx = dy w^T     dw = x^T dy    dBias = column sums of dy                             dResidual = dy
 * </pre>
 *
 * <p>Bias and residual are written to y first, and the product is added to them; the product reads y anyway, so this saves a pass.
 * The backward pass splits dx by rows and dw by its longer side, all in one parallel section. A matrix-vector product sums the columns of
 * a chunk of dy while the chunk is still in the cache of the thread that used it for dx.
 */
public final class Linear {
  private static final int MIN_ROWS = 64;

  private Linear() {}

  /** Fills y; {@code bias} and {@code residual} may be null. */
  public static void forward(FloatPointer x, FloatPointer w, FloatPointer bias, FloatPointer residual, FloatPointer y,
      int rows, int in, int out) {
    forward(x, w, bias, residual, y, rows, rows, in, out);
  }

  /** Fills y, where each {@code sequence} of rows has the bits that it has by itself. */
  public static void forward(FloatPointer x, FloatPointer w, FloatPointer bias, FloatPointer residual, FloatPointer y,
      int rows, int sequence, int in, int out) {
    Weights weights = Weights.of(w, in, out);
    // the rows of a short text keep two threads busy only in smaller chunks
    int size = rows < 2 * MIN_ROWS && Parallel.threads() > 1 ? MIN_ROWS / 2 : chunk(rows);
    Gemm.inChunks(rows, sequence, size, (first, count) -> {
      Scratch scratch = Scratch.get();
      FloatPointer target = scratch.view(0, y, (long) first * out);
      if (residual != null) {
        Pointer.memcpy(target, scratch.view(1, residual, (long) first * out), (long) Float.BYTES * count * out);
        if (bias != null) {
          Gemm.addToRows(count, out, scratch.ones(count), bias, target, out);
        }
      } else if (bias != null) {
        repeatRow(scratch, bias, target, count, out);
      }
      float beta = bias == null && residual == null ? 0f : 1f;
      weights.times(count, scratch.view(2, x, (long) first * in), beta, target);
    });
  }

  /** Fills dx, dw and, unless null, dBias. */
  public static void backward(FloatPointer x, FloatPointer w, FloatPointer dy, FloatPointer dx, FloatPointer dw, FloatPointer dBias,
      int rows, int in, int out) {
    int chunk = chunk(rows);
    int chunks = ceilDiv(rows, chunk);
    boolean byRow = in > out;
    int side = byRow ? in : out;
    int block = Math.max(MIN_ROWS, roundUp(ceilDiv(side, Math.max(2, Parallel.threads()))));
    int blocks = ceilDiv(side, block);
    FloatPointer partial = dBias == null ? null : Scratch.get().natives(0, (long) chunks * out);
    Weights transposed = Weights.transposed(w, in, out);
    Parallel.run(blocks + chunks, task -> {
      Scratch scratch = Scratch.get();
      if (task < blocks) {
        int first = task * block;
        int count = Math.min(block, side - first);
        if (byRow) {
          Gemm.run(true, false, count, out, rows, 1f, scratch.view(0, x, first), in, dy, out, 0f,
              scratch.view(1, dw, (long) first * out), out);
        } else {
          Gemm.run(true, false, in, count, rows, 1f, x, in, scratch.view(0, dy, first), out, 0f,
              scratch.view(1, dw, first), out);
        }
      } else {
        int first = (task - blocks) * chunk;
        int count = Math.min(chunk, rows - first);
        FloatPointer slice = scratch.view(0, dy, (long) first * out);
        FloatPointer target = scratch.view(1, dx, (long) first * in);
        transposed.times(count, slice, 0f, target);
        if (partial != null) {
          Gemm.addColumnSums(count, out, slice, scratch.ones(count), 0f, scratch.view(2, partial, (long) (task - blocks) * out));
        }
      }
    });
    if (dBias != null) {
      Gemm.addColumnSums(chunks, out, partial, Scratch.get().ones(chunks), 0f, dBias);
    }
  }

  /** Copies one row to all rows; each copy doubles the filled part. */
  static void repeatRow(Scratch scratch, FloatPointer row, FloatPointer target, int rows, int columns) {
    Pointer.memcpy(target, scratch.view(1, row, 0), (long) Float.BYTES * columns);
    for (int filled = 1; filled < rows; filled *= 2) {
      int more = Math.min(filled, rows - filled);
      Pointer.memcpy(scratch.view(1, target, (long) filled * columns), target, (long) Float.BYTES * more * columns);
    }
  }

  /** Rows per task: two tasks per thread balance the load, and each makes the library pack all of w again. */
  static int chunk(int rows) {
    return Math.max(MIN_ROWS, roundUp(ceilDiv(rows, 2 * Parallel.threads())));
  }

  private static int roundUp(int count) {
    return (count + 15) & ~15;
  }

  static int ceilDiv(int a, int b) {
    return (a + b - 1) / b;
  }
}
