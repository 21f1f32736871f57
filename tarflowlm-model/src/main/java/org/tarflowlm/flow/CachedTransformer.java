package org.tarflowlm.flow;

import java.util.concurrent.atomic.AtomicIntegerArray;
import org.tarflowlm.kernel.BiasGelu;
import org.tarflowlm.kernel.CachedAttention;
import org.tarflowlm.kernel.LayerNorm;
import org.tarflowlm.kernel.RowProduct;
import org.tarflowlm.vector.FloatLoops;

/**
 * A causal transformer with a cache of the keys and values of earlier positions, for a batch of sequences.
 *
 * <p>Its input is <em>rows</em>: a row is one position of one sequence, whose features depend on the inputs of strictly earlier positions.
 * One call may hold the same position of many sequences (a step of the inverse pass) or many consecutive positions of one sequence (a
 * prompt, or a segment in parallel decoding). A row's features are the same bit for bit however rows are grouped into calls and divided
 * among threads. One caller at a time; instances may share weights.
 */
public final class CachedTransformer {
  private static final int SPINS = 2_000;
  /** Distance between the counters of two parts, which keeps them in different cache lines. */
  private static final int SPREAD = 32;

  private final Weights weights;
  private final CachedAttention[] attention;
  /** By part: number of blocks whose keys and values it has cached in the current call. */
  private final AtomicIntegerArray remembered;

  /** This and the next arrays are [maxRows * width], in row order; qkv has 3 times, hidden and scratch have 4 times the width. */
  private final float[] x;
  private final float[] normed;
  private final float[] qkv;
  private final float[] attended;
  private final float[] hidden;
  private final float[] scratch;
  /** Two temporary rows per part. */
  private final float[][] row;
  private final float[][] squares;

  /**
   * @param sequences number of sequences in the cache
   * @param maxRows the most rows in one call
   * @param maxPositions the most positions in the cache, at most those of the position table
   * @param maxParts the most parts of a call that may run in parallel
   * @throws IllegalArgumentException if maxPositions exceeds the position table
   */
  public CachedTransformer(Weights weights, int sequences, int maxRows, int maxPositions, int maxParts) {
    if (maxPositions > weights.positions) {
      throw new IllegalArgumentException("maxPositions is " + maxPositions + "; expected at most the window's " + weights.positions);
    }
    this.weights = weights;
    int width = weights.width;
    attention = new CachedAttention[weights.blocks.length];
    for (int b = 0; b < attention.length; b++) {
      attention[b] = new CachedAttention(sequences, maxPositions, width, weights.heads);
    }
    x = new float[maxRows * width];
    normed = new float[maxRows * width];
    qkv = new float[maxRows * 3 * width];
    attended = new float[maxRows * width];
    hidden = new float[maxRows * 4 * width];
    scratch = new float[maxRows * 4 * width];
    row = new float[maxParts][width];
    squares = new float[maxParts][width];
    remembered = new AtomicIntegerArray(maxParts * SPREAD);
  }

  /**
   * Computes the features of some rows. Rows of one sequence must come in order of position and continue the cached positions. A position
   * that is already cached is replaced, and everything after it is forgotten.
   *
   * @param sequence [rows], each row's sequence
   * @param position [rows], each row's position
   * @param embedded [rows * width], the embedded input of the previous position; for position 0 this method writes the start vector there
   * @param features [rows * width], filled
   */
  public void run(int rows, int[] sequence, int[] position, float[] embedded, float[] features) {
    begin();
    run(0, 0, rows, sequence, position, embedded, null, features);
  }

  /** Starts a call whose parts run in parallel. */
  public void begin() {
    for (int part = 0; part < row.length; part++) {
      remembered.set(part * SPREAD, 0);
    }
  }

  /**
   * Computes one part of a call: the rows [from, to), which follow those of earlier parts. A part waits for the keys and values of earlier
   * parts, but not the other way round: parts may run one after another, or in parallel if they are started in order.
   *
   * @param more [rows * width], added to the input of each row; or null
   */
  public void run(int part, int from, int to, int[] sequence, int[] position, float[] embedded, float[] more, float[] features) {
    try {
      embed(from, to, position, embedded);
      if (more != null) {
        FloatLoops.add(x, more, from * weights.width, to * weights.width);
      }
      for (int b = 0; b < attention.length; b++) {
        Weights.Block block = weights.blocks[b];
        normalise(block.norm1(), normed, part, from, to);
        block.qkv().run(normed, from, to, qkv);
        // wait before writing this part's own, which may lie in the same cache lines
        await(part, b + 1);
        attention[b].remember(qkv, from, to, sequence, position);
        remembered.setRelease(part * SPREAD, b + 1);
        attendAndFeedForward(b, part, from, to, sequence, position);
      }
      normalise(weights.norm, features, part, from, to);
    } finally {
      remembered.setRelease(part * SPREAD, Integer.MAX_VALUE);
    }
  }

  /** Waits until all earlier parts have cached the keys and values of {@code blocks} blocks. */
  private void await(int part, int blocks) {
    for (int before = 0; before < part; before++) {
      for (int spin = 0; remembered.getAcquire(before * SPREAD) < blocks; spin++) {
        if (spin < SPINS) {
          Thread.onSpinWait();
        } else {
          Thread.yield();
        }
      }
    }
  }

  private void embed(int from, int to, int[] position, float[] embedded) {
    int width = weights.width;
    for (int r = from; r < to; r++) {
      if (position[r] == 0) {
        System.arraycopy(weights.start, 0, embedded, r * width, width);
      }
      System.arraycopy(weights.position[position[r]], 0, x, r * width, width);
    }
    FloatLoops.add(x, embedded, from * width, to * width);
  }

  private void normalise(Weights.Norm norm, float[] y, int part, int from, int to) {
    LayerNorm.forward(x, norm.gain(), norm.bias(), y, from, to, row[part], squares[part]);
  }

  private void attendAndFeedForward(int b, int part, int from, int to, int[] sequence, int[] position) {
    Weights.Block block = weights.blocks[b];
    int width = weights.width;
    attention[b].attend(qkv, from, to, sequence, position, attended);
    block.proj().run(attended, from, to, normed);
    FloatLoops.add(x, normed, from * width, to * width);
    normalise(block.norm2(), normed, part, from, to);
    block.up().run(normed, from, to, hidden);
    BiasGelu.forward(hidden, scratch, from * 4 * width, to * 4 * width);
    block.down().run(hidden, from, to, normed);
    FloatLoops.add(x, normed, from * width, to * width);
  }

  /** Weights of one causal transformer: start and position vectors, pre-norm blocks, the last norm. Immutable; threads may share it. */
  public static final class Weights {
    /** Layer normalisation, see {@link org.tarflowlm.kernel.LayerNorm}. */
    record Norm(float[] gain, float[] bias) {
      static Norm of(ParameterSource source, String name, int width) {
        return new Norm(source.vector(name + ".gain", width), source.vector(name + ".bias", width));
      }
    }

    /** One pre-norm block: x += proj(attention(norm1(x))), x += down(gelu(up(norm2(x)))). */
    record Block(Norm norm1, RowProduct qkv, RowProduct proj, Norm norm2, RowProduct up, RowProduct down) {
      static Block of(ParameterSource source, int width) {
        return new Block(Norm.of(source, "norm1", width), source.product("qkv", width, 3 * width),
            source.product("proj", width, width), Norm.of(source, "norm2", width),
            source.product("up", width, 4 * width), source.product("down", 4 * width, width));
      }
    }

    final int width;
    final int heads;
    final int positions;
    /** Replaces the input before position 0, [width]. */
    final float[] start;
    /** [positions][width]. */
    final float[][] position;
    final Block[] blocks;
    final Norm norm;

    public Weights(ParameterSource source, int width, int heads, int layers, int positions) {
      this.width = width;
      this.heads = heads;
      this.positions = positions;
      start = source.vector("start", width);
      position = source.matrix("position", positions, width);
      blocks = new Block[layers];
      for (int i = 0; i < layers; i++) {
        blocks[i] = Block.of(source.under("block" + i + "."), width);
      }
      norm = Norm.of(source, "norm", width);
    }
  }
}
