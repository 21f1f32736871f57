package org.tarflowlm.kernel;

import org.bytedeco.javacpp.FloatPointer;

/**
 * Causal multi-head self-attention over packed queries, keys and values.
 *
 * <pre>
 *   qkv, dQkv [batch, time, 3 width]: a row is [q | k | v], head h is columns h hd .. (h + 1) hd of each; width = heads hd
 *   out, dOut [batch, time, width]      logSums [batch, heads, time], of a query's exp(score)
 *   P = softmax over {@code j <= i} of (q_i . k_j) / sqrt(hd)      out = P v
 *   dV = P^T dOut    dP = dOut v^T    dS = P (dP - rowsum(P dP)) / sqrt(hd)    dQ = dS k    dK = dS^T q
 * </pre>
 *
 * <p>One task is one head of one sequence. It processes queries in blocks: block first .. first + rows reads only keys
 * 0 .. first + rows. So about half of the square is never computed, and a block of probabilities stays in the cache. Scores
 * are not stored: the backward pass recomputes them from qkv, and the probabilities from the scores and their log-sums. It starts with
 * the last block, which writes all rows of dK and dV; the others add to part of them.
 *
 * <p>A block of scores is transposed, [keys, rows] (see {@link ScoreBlock}).
 */
public final class CausalAttention {
  private CausalAttention() {}

  /** Fills out and logSums. */
  public static void forward(FloatPointer qkv, FloatPointer out, FloatPointer logSums, int batch, int time, int width, int heads) {
    int headWidth = width / heads;
    int stride = 3 * width;
    int block = ScoreBlock.rowsFor(time);
    float scale = (float) (1 / Math.sqrt(headWidth));
    Parallel.run(batch * heads, task -> {
      long sequence = (long) (task / heads) * time;
      int column = task % heads * headWidth;
      Scratch scratch = Scratch.get();
      ScoreBlock p = scratch.scores(0);
      float[] sums = scratch.floats(0, block);
      FloatPointer k = scratch.view(0, qkv, sequence * stride + width + column);
      FloatPointer v = scratch.view(1, qkv, sequence * stride + 2 * width + column);
      for (int first = 0; first < time; first += block) {
        int rows = Math.min(block, time - first);
        int seen = first + rows;
        FloatPointer q = scratch.view(2, qkv, (sequence + first) * stride + column);
        FloatPointer scores = p.shape(seen, rows);
        Gemm.run(false, true, seen, rows, headWidth, scale, k, stride, q, stride, 0f, scores, rows);
        p.load();
        p.softmax(sums);
        p.store();
        scratch.view(4, logSums, (long) task * time + first).put(sums, 0, rows);
        Gemm.run(true, false, rows, headWidth, seen, 1f, scores, rows, v, stride, 0f,
            scratch.view(3, out, (sequence + first) * width + column), width);
      }
    });
  }

  /** Fills dQkv. */
  public static void backward(FloatPointer qkv, FloatPointer logSums, FloatPointer dOut, FloatPointer dQkv, int batch, int time,
      int width, int heads) {
    int headWidth = width / heads;
    int stride = 3 * width;
    int block = ScoreBlock.rowsFor(time);
    int lastBlock = (time - 1) / block * block;
    float scale = (float) (1 / Math.sqrt(headWidth));
    Parallel.run(batch * heads, task -> {
      long sequence = (long) (task / heads) * time;
      int column = task % heads * headWidth;
      Scratch scratch = Scratch.get();
      ScoreBlock p = scratch.scores(0);
      float[] sums = scratch.floats(0, block);
      ScoreBlock d = scratch.scores(1);
      FloatPointer k = scratch.view(0, qkv, sequence * stride + width + column);
      FloatPointer v = scratch.view(1, qkv, sequence * stride + 2 * width + column);
      FloatPointer dk = scratch.view(2, dQkv, sequence * stride + width + column);
      FloatPointer dv = scratch.view(3, dQkv, sequence * stride + 2 * width + column);
      for (int first = lastBlock; first >= 0; first -= block) {
        int rows = Math.min(block, time - first);
        int seen = first + rows;
        float beta = first == lastBlock ? 0f : 1f;
        FloatPointer q = scratch.view(4, qkv, (sequence + first) * stride + column);
        FloatPointer dq = scratch.view(5, dQkv, (sequence + first) * stride + column);
        FloatPointer g = scratch.view(6, dOut, (sequence + first) * width + column);
        FloatPointer scores = p.shape(seen, rows);
        FloatPointer gradients = d.shape(seen, rows);
        Gemm.run(false, true, seen, rows, headWidth, scale, k, stride, q, stride, 0f, scores, rows);
        p.load();
        scratch.view(7, logSums, (long) task * time + first).get(sums, 0, rows);
        p.softmaxAgain(sums);
        p.store();
        Gemm.run(false, false, seen, headWidth, rows, 1f, scores, rows, g, width, beta, dv, stride);
        Gemm.run(false, true, seen, rows, headWidth, 1f, v, stride, g, width, 0f, gradients, rows);
        d.load();
        d.softmaxGradient(p);
        d.store();
        Gemm.run(true, false, rows, headWidth, seen, scale, gradients, rows, k, stride, 0f, dq, stride);
        Gemm.run(false, false, seen, headWidth, rows, scale, gradients, rows, q, stride, beta, dk, stride);
      }
    });
  }
}
