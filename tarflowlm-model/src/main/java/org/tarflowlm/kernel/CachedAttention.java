package org.tarflowlm.kernel;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.tarflowlm.vector.FloatLoops;
import org.tarflowlm.vector.FloatMath;

/**
 * Causal attention of one transformer block with a cache of the keys and values of earlier positions, for several sequences.
 *
 * <p>A row is one position of one sequence. Its result is the same bit for bit however rows are grouped into calls: consecutive rows of
 * one sequence share matrix products, which are cut like those of {@link RowProduct}. Not thread-safe, but once all rows are remembered,
 * several threads may attend to different rows.
 */
public final class CachedAttention {
  /** Score of a masked position: its exponential is zero. */
  private static final float UNSEEN = -1000f;
  private static final int QUERIES = 2;
  private static final int SCORES = 3;
  private static final int OUTPUT = 4;
  private static final int JAVA_SCORES = 8;

  private final int positions;
  /** Elements from one channel's keys to the next; below, from one position's values to the next. */
  private final int keyStride;
  private final int valueStride;
  private final int width;
  private final int heads;
  private final int headWidth;
  private final float scale;
  /** One per sequence: keys by channel, [width][positions], so that all scores of a query are sums of long rows. */
  private final FloatPointer[] keys;
  private final FloatBuffer[] keyBuffers;
  /** One per sequence: values by position, [positions][width]. */
  private final FloatPointer[] values;
  /** Keys and values for the Java loops, one array per row: [sequence][width][positions] and [sequence][heads][positions][headWidth]. */
  private final float[][][] keyRows;
  private final float[][][][] valueRows;

  /**
   * Creates empty caches.
   *
   * @param sequences number of sequences
   * @param positions the most positions in a sequence
   */
  public CachedAttention(int sequences, int positions, int width, int heads) {
    this(sequences, positions, width, heads, RowProduct.NATIVE && width / heads % RowProduct.VECTOR == 0);
  }

  CachedAttention(int sequences, int positions, int width, int heads, boolean inNativeMemory) {
    this.positions = RowProduct.wholeVectors(positions);
    keyStride = apart(this.positions);
    valueStride = apart(width);
    this.width = width;
    this.heads = heads;
    headWidth = width / heads;
    scale = (float) (1.0 / Math.sqrt(headWidth));
    int natives = inNativeMemory ? sequences : 0;
    keys = new FloatPointer[natives];
    keyBuffers = new FloatBuffer[natives];
    values = new FloatPointer[natives];
    for (int b = 0; b < natives; b++) {
      keys[b] = new FloatPointer((long) width * keyStride);
      keyBuffers[b] = keys[b].asBuffer();
      values[b] = new FloatPointer((long) this.positions * valueStride);
    }
    int arrays = inNativeMemory ? 0 : sequences;
    keyRows = new float[arrays][width][positions];
    valueRows = new float[arrays][heads][positions][headWidth];
  }

  /** A little more than {@code length}: rows a power of two apart would compete for few lines of the first-level cache. */
  private static int apart(int length) {
    return length + RowProduct.VECTOR;
  }

  /**
   * Caches the keys and values of the rows [from, to), replacing those of positions that were cached before.
   *
   * @param qkv [rows * 3 width], a row is [q | k | v]
   * @param sequence [rows], each row's sequence
   * @param position [rows], each row's position in its sequence
   */
  public void remember(float[] qkv, int from, int to, int[] sequence, int[] position) {
    for (int r = from; r < to; r++) {
      int at = 3 * width * r + width;
      int b = sequence[r];
      int p = position[r];
      if (keys.length > 0) {
        FloatBuffer key = keyBuffers[b];
        for (int c = 0; c < width; c++) {
          key.put(c * keyStride + p, qkv[at + c]);
        }
        Scratch.get().view(0, values[b], (long) p * valueStride).put(qkv, at + width, width);
      } else {
        for (int c = 0; c < width; c++) {
          keyRows[b][c][p] = qkv[at + c];
        }
        for (int h = 0; h < heads; h++) {
          System.arraycopy(qkv, at + width + h * headWidth, valueRows[b][h][p], 0, headWidth);
        }
      }
    }
  }

  /** Fills rows [from, to) of out [rows * width]; each attends to positions up to its own. Arguments as in {@link #remember}. */
  public void attend(float[] qkv, int from, int to, int[] sequence, int[] position, float[] out) {
    if (keys.length == 0) {
      for (int r = from; r < to; r++) {
        attendInJava(qkv, r, sequence[r], position[r] + 1, out);
      }
      return;
    }
    for (int first = from; first < to;) {
      int end = first + 1;
      while (end < to && end - first < RowProduct.ROWS && sequence[end] == sequence[first] && position[end] == position[end - 1] + 1) {
        end++;
      }
      attendTogether(qkv, first, end, sequence[first], position[first], out);
      first = end;
    }
  }

  /** Attends for rows of one sequence at consecutive positions; positions that an earlier row must not see get probability zero. */
  private void attendTogether(float[] qkv, int first, int end, int b, int position, float[] out) {
    Scratch scratch = Scratch.get();
    int m = end - first;
    int seen = position + m;
    int n = RowProduct.wholeVectors(seen);
    int cells = m * n;
    FloatPointer q = scratch.natives(QUERIES, 3L * width * RowProduct.ROWS);
    FloatPointer scores = scratch.natives(SCORES, (long) heads * RowProduct.ROWS * positions);
    FloatPointer output = scratch.natives(OUTPUT, (long) width * RowProduct.ROWS);
    q.put(qkv, first * 3 * width, m * 3 * width);
    for (int h = 0; h < heads; h++) {
      Gemm.runFew(false, false, m, n, headWidth, scale, scratch.view(0, q, (long) h * headWidth), 3 * width,
          scratch.view(1, keys[b], (long) h * headWidth * keyStride), keyStride, 0f, scratch.view(2, scores, (long) h * cells), n);
    }
    float[] p = scratch.floats(JAVA_SCORES, heads * RowProduct.ROWS * positions);
    scores.get(p, 0, heads * cells);
    softmax(p, heads * m, m, n, position);
    scores.put(p, 0, heads * cells);
    for (int h = 0; h < heads; h++) {
      Gemm.runFew(false, false, m, headWidth, seen, 1f, scratch.view(0, scores, (long) h * cells), n,
          scratch.view(1, values[b], (long) h * headWidth), valueStride, 0f, scratch.view(2, output, (long) h * headWidth), width);
    }
    output.get(out, first * width, m * width);
  }

  /** Softmax of row r of p [rows, n] over its first position + r mod m + 1 elements; the others become zero. */
  private static void softmax(float[] p, int rows, int m, int n, int position) {
    for (int r = 0; r < rows; r++) {
      int seen = position + r % m + 1;
      int at = r * n;
      FloatLoops.subtract(p, at, seen, max(p, at, seen));
      Arrays.fill(p, at + seen, at + n, UNSEEN);
    }
    FloatMath.coarseExp(p, rows * n);
    for (int r = 0; r < rows; r++) {
      int seen = position + r % m + 1;
      FloatLoops.scale(p, r * n, seen, 1f / FloatLoops.sum(p, r * n, seen));
    }
  }

  private void attendInJava(float[] qkv, int r, int b, int count, float[] out) {
    Scratch scratch = Scratch.get();
    float[] scores = scratch.floats(JAVA_SCORES, positions);
    float[] head = scratch.floats(JAVA_SCORES + 1, headWidth);
    for (int h = 0; h < heads; h++) {
      Arrays.fill(scores, 0, count, 0f);
      int query = 3 * width * r + h * headWidth;
      for (int c = 0; c < headWidth; c++) {
        RowProduct.addRow(keyRows[b][h * headWidth + c], qkv[query + c] * scale, scores, count);
      }
      softmax(scores, 1, 1, count, count - 1);
      Arrays.fill(head, 0, headWidth, 0f);
      for (int p = 0; p < count; p++) {
        RowProduct.addRow(valueRows[b][h][p], scores[p], head, headWidth);
      }
      System.arraycopy(head, 0, out, r * width + h * headWidth, headWidth);
    }
  }

  /** Largest of x[from .. from + n), by four independent chains of comparisons. */
  private static float max(float[] x, int from, int n) {
    float a = x[from];
    float b = a;
    float c = a;
    float d = a;
    int i = from;
    int end = from + n;
    for (; i + 4 <= end; i += 4) {
      a = Math.max(a, x[i]);
      b = Math.max(b, x[i + 1]);
      c = Math.max(c, x[i + 2]);
      d = Math.max(d, x[i + 3]);
    }
    for (; i < end; i++) {
      a = Math.max(a, x[i]);
    }
    return Math.max(Math.max(a, b), Math.max(c, d));
  }
}
