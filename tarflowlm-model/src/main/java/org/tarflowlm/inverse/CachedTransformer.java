package org.tarflowlm.inverse;

import java.util.Arrays;

/**
 * A causal transformer that remembers the keys and values of the positions it has seen, for a batch of sequences.
 *
 * <p>It is fed <em>rows</em>: a row is one position of one sequence, and gives the features of that position from the inputs of
 * strictly earlier positions. One call may hold the same position of many sequences (a step of the inverse pass) or many
 * consecutive positions of one sequence (a prompt, or a segment in parallel decoding). The features of a row are the same to the
 * last bit however rows are grouped into calls. Not thread-safe: one instance a thread; the weights are shared.
 */
final class CachedTransformer {
  private final TransformerWeights weights;
  private final int headWidth;
  private final float scoreScale;
  /** Keys channel by channel, [block][sequence][width][positions], so that all scores of a query are sums of long rows. */
  private final float[][][][] keys;
  /** Values position by position, [block][sequence][head][positions][headWidth]. */
  private final float[][][][][] values;

  private final float[][] x;
  private final float[][] normed;
  private final float[][] qkv;
  private final float[][] attended;
  private final float[][] hidden;
  private final float[] scores;
  private final float[] query;
  private final float[] headOutput;
  private final float[] scratch;

  /**
   * @param sequences sequences remembered side by side
   * @param maxRows rows of the largest call
   * @param maxPositions positions remembered, at most those of the position table
   */
  CachedTransformer(TransformerWeights weights, int sequences, int maxRows, int maxPositions) {
    if (maxPositions > weights.positions) {
      throw new IllegalArgumentException(maxPositions + " positions asked for; the model's window has " + weights.positions);
    }
    this.weights = weights;
    int width = weights.width;
    headWidth = width / weights.heads;
    scoreScale = (float) (1.0 / Math.sqrt(headWidth));
    int blocks = weights.blocks.length;
    keys = new float[blocks][sequences][width][maxPositions];
    values = new float[blocks][sequences][weights.heads][maxPositions][headWidth];
    x = new float[maxRows][width];
    normed = new float[maxRows][width];
    qkv = new float[maxRows][3 * width];
    attended = new float[maxRows][width];
    hidden = new float[maxRows][4 * width];
    scores = new float[maxPositions];
    query = new float[headWidth];
    headOutput = new float[headWidth];
    scratch = new float[4 * width];
  }

  /**
   * Features of a group of rows. Rows of one sequence must come in the order of their positions, and positions must follow on those
   * already seen; a position that was seen before is forgotten with everything after it, and replaced.
   *
   * @param sequence [rows], which sequence
   * @param position [rows], which position
   * @param embedded [rows][width], the embedded input of the position before; not read where the position is 0
   * @param features [rows][width], filled
   */
  void run(int rows, int[] sequence, int[] position, float[][] embedded, float[][] features) {
    for (int r = 0; r < rows; r++) {
      System.arraycopy(position[r] == 0 ? weights.start : embedded[r], 0, x[r], 0, weights.width);
      FloatLoops.add(weights.position[position[r]], x[r], weights.width);
    }
    for (int b = 0; b < weights.blocks.length; b++) {
      TransformerWeights.Block block = weights.blocks[b];
      block.norm1().apply(x, normed, rows);
      block.qkv().apply(normed, qkv, rows);
      for (int r = 0; r < rows; r++) {
        remember(qkv[r], keys[b][sequence[r]], values[b][sequence[r]], position[r]);
        attend(qkv[r], keys[b][sequence[r]], values[b][sequence[r]], position[r] + 1, attended[r]);
      }
      block.proj().addTo(attended, x, rows);
      block.norm2().apply(x, normed, rows);
      block.up().apply(normed, hidden, rows);
      for (int r = 0; r < rows; r++) {
        FloatLoops.gelu(hidden[r], scratch, 4 * weights.width);
      }
      block.down().addTo(hidden, x, rows);
    }
    weights.norm.apply(x, features, rows);
  }

  private void remember(float[] qkvRow, float[][] keyRows, float[][][] valueRows, int position) {
    int width = weights.width;
    for (int c = 0; c < width; c++) {
      keyRows[c][position] = qkvRow[width + c];
    }
    for (int h = 0; h < weights.heads; h++) {
      System.arraycopy(qkvRow, 2 * width + h * headWidth, valueRows[h][position], 0, headWidth);
    }
  }

  private void attend(float[] qkvRow, float[][] keyRows, float[][][] valueRows, int count, float[] out) {
    for (int h = 0; h < weights.heads; h++) {
      int at = h * headWidth;
      for (int c = 0; c < headWidth; c++) {
        query[c] = qkvRow[at + c] * scoreScale;
      }
      Arrays.fill(scores, 0, count, 0f);
      FloatLoops.addProduct(query, headWidth, keyRows, at, scores, 0, count);
      FloatLoops.softmax(scores, count);
      Arrays.fill(headOutput, 0f);
      FloatLoops.addProduct(scores, count, valueRows[h], 0, headOutput, 0, headWidth);
      System.arraycopy(headOutput, 0, out, at, headWidth);
    }
  }
}
