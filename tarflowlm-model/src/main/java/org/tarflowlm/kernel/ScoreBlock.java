package org.tarflowlm.kernel;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.tarflowlm.vector.FloatLoops;
import org.tarflowlm.vector.FloatMath;

/**
 * A transposed block of attention scores of {@code rows} consecutive queries: [keys, rows]. The last {@code rows} keys belong to the
 * queries themselves.
 *
 * <p>Transposing turns a softmax over the keys into long loops over equal indices, which the JIT compiler vectorises. The block is cut
 * into tiles of KEYS keys, and the queries' maxima, sums and factors are repeated to the size of a tile. A softmax along rows in memory
 * would need reductions within short rows, which the compiler does not vectorise.
 *
 * <p>The block exists twice: in native memory for the matrix products, and in Java arrays, one per tile, for everything else.
 */
final class ScoreBlock {
  private static final int KEYS = 32;
  private static final int MAX_ROWS = 64;
  private static final int TILE = KEYS * MAX_ROWS;

  private final float[] perQuery = new float[TILE];
  private final float[] sums = new float[TILE];
  private final float[] spare = new float[TILE];
  private float[][] tiles = new float[0][];
  private FloatPointer memory = new FloatPointer(0L);
  private final Scratch.View view = new Scratch.View();
  private int keys;
  private int rows;

  /** Queries per block: fewer for long sequences, so that a block stays in the second-level cache. */
  static int rowsFor(int time) {
    return time <= 512 ? MAX_ROWS : MAX_ROWS / 2;
  }

  /** Sets the size and returns the native memory [keys, rows], contents undefined. */
  FloatPointer shape(int keys, int rows) {
    this.keys = keys;
    this.rows = rows;
    int count = (keys + KEYS - 1) / KEYS;
    if (tiles.length < count) {
      int had = tiles.length;
      tiles = Arrays.copyOf(tiles, count);
      for (int i = had; i < count; i++) {
        tiles[i] = new float[TILE];
      }
      memory.close();
      memory = new FloatPointer((long) count * TILE);
    }
    return memory;
  }

  /** Copies native memory to the Java arrays. */
  void load() {
    for (int tile = 0; tile * KEYS < keys; tile++) {
      view.aim(memory, (long) tile * KEYS * rows).get(tiles[tile], 0, size(tile));
    }
  }

  /** Copies the Java arrays to native memory. */
  void store() {
    for (int tile = 0; tile * KEYS < keys; tile++) {
      view.aim(memory, (long) tile * KEYS * rows).put(tiles[tile], 0, size(tile));
    }
  }

  /**
   * Turns scores into probabilities: a softmax over the keys that each query may see, and 0 for the others.
   *
   * @param logSums [rows] receives the logarithms of the sums of exp(score)
   */
  void softmax(float[] logSums) {
    hideFuture();
    Arrays.fill(perQuery, 0, KEYS * rows, Float.NEGATIVE_INFINITY);
    for (int tile = 0; tile * KEYS < keys; tile++) {
      FloatLoops.max(perQuery, tiles[tile], size(tile));
    }
    FloatLoops.maxRows(perQuery, rows, KEYS * rows, spare);
    FloatLoops.repeat(perQuery, rows, KEYS * rows);
    Arrays.fill(sums, 0, KEYS * rows, 0f);
    for (int tile = 0; tile * KEYS < keys; tile++) {
      FloatMath.coarseExpOfDifference(tiles[tile], perQuery, sums, size(tile));
    }
    FloatLoops.addRows(sums, rows, KEYS * rows, spare);
    for (int row = 0; row < rows; row++) {
      logSums[row] = (float) (perQuery[row] + Math.log(sums[row]));
      sums[row] = 1 / sums[row];
    }
    FloatLoops.repeat(sums, rows, KEYS * rows);
    for (int tile = 0; tile * KEYS < keys; tile++) {
      FloatLoops.multiply(tiles[tile], sums, size(tile));
    }
  }

  /** Repeats the softmax from the saved logarithms of the sums. */
  void softmaxAgain(float[] logSums) {
    hideFuture();
    System.arraycopy(logSums, 0, perQuery, 0, rows);
    FloatLoops.repeat(perQuery, rows, KEYS * rows);
    for (int tile = 0; tile * KEYS < keys; tile++) {
      FloatMath.coarseExpOfDifference(tiles[tile], perQuery, size(tile));
    }
  }

  /** Turns the gradients d of the probabilities p, which this block holds, into gradients of the scores: p (d - sum over keys of p d). */
  void softmaxGradient(ScoreBlock p) {
    Arrays.fill(perQuery, 0, KEYS * rows, 0f);
    for (int tile = 0; tile * KEYS < keys; tile++) {
      FloatLoops.addProduct(perQuery, p.tiles[tile], tiles[tile], size(tile));
    }
    FloatLoops.addRows(perQuery, rows, KEYS * rows, spare);
    FloatLoops.repeat(perQuery, rows, KEYS * rows);
    for (int tile = 0; tile * KEYS < keys; tile++) {
      softmaxGradient(tiles[tile], p.tiles[tile], perQuery, size(tile));
    }
  }

  private static void softmaxGradient(float[] d, float[] p, float[] mean, int n) {
    for (int i = 0; i < n; i++) {
      d[i] = p[i] * (d[i] - mean[i]);
    }
  }

  /** Masks future keys: query {@code row} of the block sees keys up to keys - rows + row. */
  private void hideFuture() {
    for (int row = 1; row < rows; row++) {
      int key = keys - rows + row;
      int at = key % KEYS * rows;
      Arrays.fill(tiles[key / KEYS], at, at + row, Float.NEGATIVE_INFINITY);
    }
  }

  private int size(int tile) {
    return Math.min(KEYS, keys - tile * KEYS) * rows;
  }
}
