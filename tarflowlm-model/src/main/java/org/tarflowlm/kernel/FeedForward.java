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
 * <p>The gradients of the weights are sums over rows. If they fit the cache too, blocks are divided among groups, a few per thread; each
 * group adds its blocks' products to its own sum, and the sums are added in order. Larger gradients would be read and written again for
 * every block, so a and dv are then written to memory and multiplied over all rows.
 */
public final class FeedForward {
  /** Size of a block [rows, hidden], in numbers. */
  private static final int BLOCK = 1 << 16;
  private static final int MIN_ROWS = 64;
  private static final int MAX_ROWS = 256;
  private static final int GROUPS_A_THREAD = 2;
  /** Largest gradient of a weight, in numbers, at which both gradients stay in the cache. */
  private static final int CACHED = 1 << 17;
  /** Columns of the weights' gradients that one task adds up. */
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
    BiasGelu.Biases biases = BiasGelu.biases(bUp, hidden);
    Weights up = Weights.of(wUp, width, hidden, rows, 0);
    Weights down = Weights.of(wDown, hidden, width, rows, 1);
    Gemm.inChunks(rows, sequence, blockRows(hidden), (first, n) -> {
      Scratch scratch = Scratch.get();
      FloatPointer a = scratch.natives(4, (long) n * hidden);
      FloatPointer target = scratch.view(0, y, (long) first * width);
      FloatPointer v = scratch.view(1, pre, (long) first * hidden);
      up.times(n, scratch.view(2, x, (long) first * width), 0f, v);
      BiasGelu.forward(v, biases, a, n);
      Pointer.memcpy(target, scratch.view(2, residual, (long) first * width), (long) Float.BYTES * n * width);
      Gemm.addToRows(n, width, scratch.ones(n), bDown, target, width);
      down.times(n, a, 1f, target);
    });
  }

  /** Fills dx and the gradients of weights and biases; the residual's gradient is dy. */
  public static void backward(FloatPointer x, FloatPointer wUp, FloatPointer bUp, FloatPointer wDown, FloatPointer pre, FloatPointer dy,
      FloatPointer dx, FloatPointer dwUp, FloatPointer dbUp, FloatPointer dwDown, FloatPointer dbDown, int rows, int width, int hidden) {
    Weights up = Weights.transposed(wUp, width, hidden, 0);
    Weights down = Weights.transposed(wDown, hidden, width, 1);
    int block = blockRows(hidden);
    int blocks = Linear.ceilDiv(rows, block);
    boolean cached = (long) width * hidden <= CACHED;
    int groups = cached ? Math.min(blocks, Parallel.threads() == 1 ? 1 : GROUPS_A_THREAD * Parallel.threads()) : blocks;
    long weights = cached ? (long) width * hidden : 0;
    Scratch outer = Scratch.get();
    FloatPointer sums = outer.natives(2, groups * (2 * weights + width));
    FloatPointer allA = cached ? null : outer.natives(6, (long) rows * hidden);
    FloatPointer allD = cached ? null : outer.natives(7, (long) rows * hidden);
    float[] hiddenSums = outer.floats(9, groups * hidden);
    BiasGelu.Biases biases = BiasGelu.biases(bUp, hidden);
    Parallel.run(groups, group -> {
      Scratch scratch = Scratch.get();
      BiasGelu.ColumnSums columns = new BiasGelu.ColumnSums(biases);
      int from = (int) ((long) blocks * group / groups);
      int to = (int) ((long) blocks * (group + 1) / groups);
      for (int i = from; i < to; i++) {
        int first = i * block;
        int n = Math.min(block, rows - first);
        float beta = i == from ? 0f : 1f;
        FloatPointer a = cached ? scratch.natives(4, (long) block * hidden) : scratch.view(0, allA, (long) first * hidden);
        FloatPointer d = cached ? scratch.natives(5, (long) block * hidden) : scratch.view(1, allD, (long) first * hidden);
        FloatPointer dyBlock = scratch.view(2, dy, (long) first * width);
        down.times(n, dyBlock, 0f, d);
        BiasGelu.backward(scratch.view(3, pre, (long) first * hidden), biases, a, d, columns, n);
        up.times(n, d, 0f, scratch.view(4, dx, (long) first * width));
        Gemm.addColumnSums(n, width, dyBlock, scratch.ones(n), beta, scratch.view(5, sums, 2 * groups * weights + (long) group * width));
        if (cached) {
          Gemm.run(true, false, width, hidden, n, 1f, scratch.view(6, x, (long) first * width), width, d, hidden, beta,
              scratch.view(7, sums, group * weights), hidden);
          Gemm.run(true, false, hidden, width, n, 1f, a, hidden, dyBlock, width, beta,
              scratch.view(7, sums, (groups + group) * weights), width);
        }
      }
      columns.write(hiddenSums, group * hidden);
    });
    if (cached) {
      add(sums, 0, groups, weights, dwUp);
      add(sums, groups * weights, groups, weights, dwDown);
    } else {
      weightGradients(x, allD, allA, dy, dwUp, dwDown, rows, width, hidden);
    }
    add(sums, 2 * groups * weights, groups, width, dbDown);
    FloatLoops.addRows(hiddenSums, hidden, groups * hidden, outer.floats(1, groups * hidden));
    dbUp.put(hiddenSums, 0, hidden);
  }

  /** dwUp = x^T dv and dwDown = a^T dy, each split along the hidden axis. */
  private static void weightGradients(FloatPointer x, FloatPointer dv, FloatPointer a, FloatPointer dy, FloatPointer dwUp,
      FloatPointer dwDown, int rows, int width, int hidden) {
    int part = Math.max(MIN_ROWS, Linear.ceilDiv(hidden, 4 * Parallel.threads() * 16) * 16);
    int parts = Linear.ceilDiv(hidden, part);
    Parallel.run(2 * parts, task -> {
      Scratch scratch = Scratch.get();
      int first = task % parts * part;
      int n = Math.min(part, hidden - first);
      if (task < parts) {
        Gemm.run(true, false, width, n, rows, 1f, x, width, scratch.view(0, dv, first), hidden, 0f, scratch.view(1, dwUp, first), hidden);
      } else {
        Gemm.run(true, false, n, width, rows, 1f, scratch.view(0, a, first), hidden, dy, width, 0f,
            scratch.view(1, dwDown, (long) first * width), width);
      }
    });
  }

  /** target [length] = sum over groups of sums [groups, length], starting at {@code from}. */
  private static void add(FloatPointer sums, long from, int groups, long length, FloatPointer target) {
    Parallel.run((int) ((length + SUMMED - 1) / SUMMED), task -> {
      Scratch scratch = Scratch.get();
      long first = (long) task * SUMMED;
      int n = (int) Math.min(SUMMED, length - first);
      float[] sum = scratch.floats(0, SUMMED);
      float[] next = scratch.floats(1, SUMMED);
      scratch.view(0, sums, from + first).get(sum, 0, n);
      for (int group = 1; group < groups; group++) {
        scratch.view(0, sums, from + group * length + first).get(next, 0, n);
        FloatLoops.add(sum, next, n);
      }
      scratch.view(1, target, first).put(sum, 0, n);
    });
  }

  private static int blockRows(int hidden) {
    return Math.max(MIN_ROWS, Math.min(MAX_ROWS, BLOCK / hidden / 16 * 16));
  }
}
