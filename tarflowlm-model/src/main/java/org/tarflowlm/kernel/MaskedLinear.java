package org.tarflowlm.kernel;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.tarflowlm.config.BlockMask;

/**
 * y = elu(x) w + bias, or elu(x) w + residual, where w shows only what a {@link BlockMask} leaves.
 *
 * <pre>
 *   x, bent = elu(x) [rows, in]    w [in, out]    bias [out]    residual, y [rows, out]
 *   dx = elu'(x) dy w^T    dw = bent^T dy, 0 where the mask hides    dBias = column sums of dy    dResidual = dy
 * </pre>
 *
 * <p>The mask leaves little more than half of the multiply-adds. Products of 64 columns of w take its rows down to the last that the mask
 * shows; a copy of w with zeros covers what is left to hide.
 */
public final class MaskedLinear {
  /** Columns of a piece. */
  private static final int PIECE = 64;
  /** Rows of w in a task of its gradient. */
  private static final int PIECE_ROWS = 192;

  private MaskedLinear() {}

  /**
   * Fills y and bent. Either {@code bias} or {@code residual} is null.
   *
   * @param sequence rows of each text, as in {@link Linear}
   */
  public static void forward(FloatPointer x, FloatPointer w, FloatPointer bias, FloatPointer residual, FloatPointer y, FloatPointer bent,
      int rows, int sequence, BlockMask mask) {
    int in = mask.in();
    int out = mask.out();
    FloatPointer masked = masked(w, mask);
    Gemm.inChunks(rows, sequence, Linear.chunk(rows), (first, count) -> {
      Scratch scratch = Scratch.get();
      FloatPointer a = scratch.view(0, bent, (long) first * in);
      Elu.forward(scratch, scratch.view(1, x, (long) first * in), a, count * in);
      FloatPointer target = scratch.view(2, y, (long) first * out);
      if (residual != null) {
        Pointer.memcpy(target, scratch.view(1, residual, (long) first * out), (long) Float.BYTES * count * out);
      } else {
        Linear.repeatRow(scratch, bias, target, count, out);
      }
      for (int j = 0; j < out; j += PIECE) {
        int columns = Math.min(PIECE, out - j);
        int inner = mask.rowsOf(j + columns - 1);
        if (inner > 0) {
          Gemm.rows(count, columns, inner, a, in, scratch.view(3, masked, j), out, 1f, scratch.view(4, target, j), out);
        }
      }
    });
  }

  /** Fills dx, dw and, unless null, dBias. */
  public static void backward(FloatPointer bent, FloatPointer w, FloatPointer dy, FloatPointer dx, FloatPointer dw, FloatPointer dBias,
      int rows, BlockMask mask) {
    int in = mask.in();
    int out = mask.out();
    int chunk = Linear.chunk(rows);
    int chunks = Linear.ceilDiv(rows, chunk);
    int down = Linear.ceilDiv(in, PIECE_ROWS);
    int blocks = down * Linear.ceilDiv(out, PIECE);
    FloatPointer partial = dBias == null ? null : Scratch.get().natives(0, (long) chunks * out);
    FloatPointer masked = masked(w, mask);
    Parallel.run(chunks + blocks, task -> {
      Scratch scratch = Scratch.get();
      if (task >= chunks) {
        weightGradient(scratch, bent, dy, dw, rows, (task - chunks) % down * PIECE_ROWS, (task - chunks) / down * PIECE, mask);
        return;
      }
      int first = task * chunk;
      int count = Math.min(chunk, rows - first);
      FloatPointer slice = scratch.view(0, dy, (long) first * out);
      FloatPointer target = scratch.view(1, dx, (long) first * in);
      for (int i = 0; i < in; i += PIECE) {
        int skipped = mask.firstColumn(i);
        Gemm.run(false, true, count, Math.min(PIECE, in - i), out - skipped, 1f, scratch.view(2, slice, skipped), out,
            scratch.view(3, masked, (long) i * out + skipped), out, 0f, scratch.view(4, target, i), in);
      }
      Elu.scaleBySlope(scratch, scratch.view(2, bent, (long) first * in), target, count * in);
      if (partial != null) {
        Gemm.addColumnSums(count, out, slice, scratch.ones(count), 0f, scratch.view(2, partial, (long) task * out));
      }
    });
    if (dBias != null) {
      Gemm.addColumnSums(chunks, out, partial, Scratch.get().ones(chunks), 0f, dBias);
    }
    hide(dw, mask);
  }

  /** One piece of dw = bent^T dy, down to the last row that the mask shows. */
  private static void weightGradient(Scratch scratch, FloatPointer bent, FloatPointer dy, FloatPointer dw, int rows, int i, int j,
      BlockMask mask) {
    int in = mask.in();
    int out = mask.out();
    int columns = Math.min(PIECE, out - j);
    int count = Math.min(PIECE_ROWS, mask.rowsOf(j + columns - 1) - i);
    if (count > 0) {
      Gemm.run(true, false, count, columns, rows, 1f, scratch.view(0, bent, i), in, scratch.view(1, dy, j), out, 0f,
          scratch.view(2, dw, (long) i * out + j), out);
    }
  }

  /** A copy of w with zeros where the mask is zero, in a slot of the calling thread's native memory. */
  private static FloatPointer masked(FloatPointer w, BlockMask mask) {
    long length = (long) mask.in() * mask.out();
    FloatPointer result = Scratch.get().natives(1, length);
    Scratch scratch = Scratch.get();
    Pointer.memcpy(scratch.view(0, result, 0), scratch.view(1, w, 0), Float.BYTES * length);
    hide(result, mask);
    return result;
  }

  /** Writes zeros to the entries of w where the mask is zero. */
  private static void hide(FloatPointer w, BlockMask mask) {
    Scratch scratch = Scratch.get();
    for (int row = 0; row < mask.in(); row++) {
      Pointer.memset(scratch.view(0, w, (long) row * mask.out()), 0, (long) Float.BYTES * mask.firstColumn(row));
    }
  }
}
