package org.tarflowlm.kernel;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.tarflowlm.vector.FloatLoops;

/**
 * The feed-forward half of a transformer block: y = residual + gelu(x wUp + bUp) wDown + bDown.
 *
 * <pre>
 *   x, dx [rows, width]    wUp [width, hidden]    bUp [hidden]    wDown [hidden, width]    bDown [width]    residual, y, dy [rows, width]
 *   pre = x wUp    v = pre + bUp    a = gelu(v)    y = a wDown + bDown + residual                                  [rows, hidden]
 *   da = dy wDown^T    dv = da gelu'(v)    dx = dv wUp^T    dwUp = x^T dv    dwDown = a^T dy    dbUp, dbDown = column sums of dv, dy
 * </pre>
 *
 * <p>Blocks of rows run through all steps, so small that a, da and dv fit the second-level cache. Of the arrays [rows, hidden], only
 * {@code pre} is written to memory, and the backward pass recomputes a. As separate kernels, the same steps would spend most of their time
 * waiting for memory, since hidden is four times the width.
 *
 * <p>Weights that are too large for the cache are divided along the hidden axis. Each part [width, hidden / parts] and [hidden / parts,
 * width] takes all rows before the next, so that its weights and their gradients are read once and not again for every block; its share of
 * y and dx is summed at the end. Backwards, each part's rows are divided among groups, which add their blocks' products to sums of their
 * own. How many parts there are depends on the sizes alone, so that bits of y do not depend on the number of threads.
 *
 * <p>{@code pre} lies part by part: [rows, columns] of the first part, then of the next.
 */
public final class FeedForward {
  /** Size of a block [rows, hidden / parts], in numbers. */
  private static final int BLOCK = 1 << 16;
  private static final int MIN_ROWS = 64;
  /** Also the rows of a block if there are several parts, whose larger weights are worth fewer passes. */
  private static final int MAX_ROWS = 256;
  private static final int GROUPS_A_THREAD = 2;
  /** Largest weight of a part, in numbers, up to {@link #MOST_PARTS} parts. */
  private static final int CACHED = 1 << 17;
  private static final int MOST_PARTS = 4;
  /** Where a part begins: a line of the cache, and a multiple of any kernel's columns. */
  private static final int UNIT = 64;
  /** Columns of a sum that one task adds up. */
  private static final int SUMMED = 1 << 13;

  private FeedForward() {}

  /** Fills y and pre. */
  public static void forward(FloatPointer x, FloatPointer wUp, FloatPointer bUp, FloatPointer wDown, FloatPointer bDown,
      FloatPointer residual, FloatPointer y, FloatPointer pre, int rows, int width, int hidden) {
    forward(x, wUp, bUp, wDown, bDown, residual, y, pre, rows, rows, width, hidden);
  }

  /** Fills y and pre, where each {@code sequence} of rows has the bits that it has by itself. */
  public static void forward(FloatPointer x, FloatPointer wUp, FloatPointer bUp, FloatPointer wDown, FloatPointer bDown,
      FloatPointer residual, FloatPointer y, FloatPointer pre, int rows, int sequence, int width, int hidden) {
    Weights up = Weights.of(wUp, width, hidden);
    Weights down = Weights.of(wDown, hidden, width);
    Parts parts = Parts.of(width, hidden);
    Sum ys = Sum.of(y, (long) rows * width, parts.count, 2);
    Gemm.inChunks(rows, sequence, parts.blockRows(), parts.count, (part, first, n) -> {
      Scratch scratch = Scratch.get();
      int from = parts.from(part);
      int columns = parts.from(part + 1) - from;
      FloatPointer a = scratch.natives(4, (long) n * columns);
      FloatPointer v = scratch.view(1, pre, (long) rows * from + (long) first * columns);
      up.columns(from, from + columns).times(n, scratch.view(2, x, (long) first * width), 0f, v);
      BiasGelu.forward(v, BiasGelu.biases(scratch.view(3, bUp, from), columns), a, n);
      FloatPointer target = ys.at(scratch, 0, part, (long) first * width);
      if (part == 0) {
        Pointer.memcpy(target, scratch.view(2, residual, (long) first * width), (long) Float.BYTES * n * width);
        Gemm.addToRows(n, width, scratch.ones(n), bDown, target, width);
      }
      down.rows(from, from + columns).times(n, a, part == 0 ? 1f : 0f, target);
    });
    ys.finish();
  }

  /** Fills dx and the gradients of weights and biases; the residual's gradient is dy. */
  public static void backward(FloatPointer x, FloatPointer wUp, FloatPointer bUp, FloatPointer wDown, FloatPointer pre, FloatPointer dy,
      FloatPointer dx, FloatPointer dwUp, FloatPointer dbUp, FloatPointer dwDown, FloatPointer dbDown, int rows, int width, int hidden) {
    Weights up = Weights.transposed(wUp, width, hidden);
    Weights down = Weights.transposed(wDown, hidden, width);
    Parts parts = Parts.of(width, hidden);
    int block = parts.blockRows();
    int blocks = Linear.ceilDiv(rows, block);
    int groups = Math.min(blocks, parts.groups());
    long weights = (long) width * hidden;
    Sum dxs = Sum.of(dx, (long) rows * width, parts.count, 2);
    Sum dwUps = Sum.of(dwUp, weights, groups, 3);
    Sum dwDowns = Sum.of(dwDown, weights, groups, 6);
    Sum dbDowns = Sum.of(dbDown, width, groups, 7);
    float[] hiddenSums = Scratch.get().floats(9, groups * hidden);
    Parallel.run(parts.count * groups, task -> {
      Scratch scratch = Scratch.get();
      int part = task / groups;
      int group = task % groups;
      int from = parts.from(part);
      int columns = parts.from(part + 1) - from;
      Weights upOfPart = up.rows(from, from + columns);
      Weights downOfPart = down.columns(from, from + columns);
      BiasGelu.Biases biases = BiasGelu.biases(scratch.view(3, bUp, from), columns);
      BiasGelu.ColumnSums sums = new BiasGelu.ColumnSums(biases);
      FloatPointer a = scratch.natives(4, (long) block * columns);
      FloatPointer d = scratch.natives(5, (long) block * columns);
      int firstBlock = (int) ((long) blocks * group / groups);
      int endBlock = (int) ((long) blocks * (group + 1) / groups);
      for (int i = firstBlock; i < endBlock; i++) {
        int first = i * block;
        int n = Math.min(block, rows - first);
        float beta = i == firstBlock ? 0f : 1f;
        FloatPointer dyBlock = scratch.view(2, dy, (long) first * width);
        downOfPart.times(n, dyBlock, 0f, d);
        BiasGelu.backward(scratch.view(3, pre, (long) rows * from + (long) first * columns), biases, a, d, sums, n);
        upOfPart.times(n, d, 0f, dxs.at(scratch, 4, part, (long) first * width));
        Gemm.run(true, false, width, columns, n, 1f, scratch.view(6, x, (long) first * width), width, d, columns, beta,
            dwUps.at(scratch, 7, group, from), hidden);
        Gemm.run(true, false, columns, width, n, 1f, a, columns, dyBlock, width, beta,
            dwDowns.at(scratch, 7, group, (long) from * width), width);
        if (part == 0) {
          Gemm.addColumnSums(n, width, dyBlock, scratch.ones(n), beta, dbDowns.at(scratch, 5, group, 0));
        }
      }
      sums.write(hiddenSums, group * hidden + from);
    });
    dxs.finish();
    dwUps.finish();
    dwDowns.finish();
    dbDowns.finish();
    FloatLoops.addRows(hiddenSums, hidden, groups * hidden, Scratch.get().floats(1, groups * hidden));
    dbUp.put(hiddenSums, 0, hidden);
  }

  /** How the hidden axis is divided. */
  private record Parts(int count, int hidden) {
    static Parts of(int width, int hidden) {
      long wanted = Math.min(MOST_PARTS, ((long) width * hidden + CACHED - 1) / CACHED);
      return new Parts((int) Math.max(1, Math.min(wanted, hidden / UNIT)), hidden);
    }

    /** First column of a part. */
    int from(int part) {
      return part == count ? hidden : (int) ((long) hidden * part / count) / UNIT * UNIT;
    }

    int blockRows() {
      return count > 1 ? MAX_ROWS : Math.max(MIN_ROWS, Math.min(MAX_ROWS, BLOCK / hidden / 16 * 16));
    }

    /** Groups of a part's rows; one thread needs only one, and with few threads parts are enough. */
    int groups() {
      int threads = Parallel.threads();
      return threads == 1 ? 1 : count > 1 ? Linear.ceilDiv(threads, count) : GROUPS_A_THREAD * threads;
    }
  }

  /** A result that {@code count} tasks add up, each in an array of its own; a single one fills the result itself. */
  private record Sum(FloatPointer result, long length, int count, FloatPointer arrays) {
    static Sum of(FloatPointer result, long length, int count, int slot) {
      return new Sum(result, length, count, count == 1 ? result : Scratch.get().natives(slot, count * length));
    }

    /** The array of one task, from element {@code first} on. */
    FloatPointer at(Scratch scratch, int slot, int task, long first) {
      return scratch.view(slot, arrays, task * length + first);
    }

    void finish() {
      if (count == 1) {
        return;
      }
      Parallel.run((int) ((length + SUMMED - 1) / SUMMED), task -> {
        Scratch scratch = Scratch.get();
        long first = (long) task * SUMMED;
        int n = (int) Math.min(SUMMED, length - first);
        float[] sum = scratch.floats(0, SUMMED);
        float[] next = scratch.floats(1, SUMMED);
        at(scratch, 0, 0, first).get(sum, 0, n);
        for (int i = 1; i < count; i++) {
          at(scratch, 0, i, first).get(next, 0, n);
          FloatLoops.add(sum, next, n);
        }
        scratch.view(1, result, first).put(sum, 0, n);
      });
    }
  }
}
