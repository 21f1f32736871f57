package org.tarflowlm.kernel;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Causal self-attention over packed queries, keys and values, all heads.
 *
 * <pre>
 *   qkv, dQkv [batch, time, 3 width]: a row is [q | k | v], head h is columns h hd .. (h + 1) hd of each; width = heads hd
 *   out, dOut [batch, time, width]
 *   P = softmax over j <= i of (q_i . k_j) / sqrt(hd)      out = P v
 *   dV = P^T dOut    dP = dOut v^T    dS = P (dP - rowsum(P dP)) / sqrt(hd)    dQ = dS k    dK = dS^T q
 * </pre>
 *
 * <p>One task is one head of one sequence. Rows are taken in blocks of BLOCK: block rows r .. r + BLOCK see only columns
 * 0 .. r + BLOCK, so that about half of the square is never computed, and a block of probabilities stays in the cache. Scores are
 * not kept: the backward pass recomputes them from qkv. It walks the blocks upwards, since the last one writes all rows of dK
 * and dV and the others add to a part of them.
 */
public final class CausalAttention {
  private static final int BLOCK = 64;

  private CausalAttention() {}

  /** Fills out. */
  public static void forward(FloatPointer qkv, FloatPointer out, int batch, int time, int width, int heads) {
    int headWidth = width / heads;
    int stride = 3 * width;
    float scale = (float) (1 / Math.sqrt(headWidth));
    Parallel.run(batch * heads, task -> {
      long sequence = (long) (task / heads) * time;
      int column = task % heads * headWidth;
      Scratch scratch = Scratch.get();
      FloatPointer k = scratch.view(0, qkv, sequence * stride + width + column);
      FloatPointer v = scratch.view(1, qkv, sequence * stride + 2 * width + column);
      FloatPointer scores = scratch.natives(1, (long) BLOCK * time);
      float[] p = scratch.floats(0, BLOCK * time);
      for (int first = 0; first < time; first += BLOCK) {
        int rows = Math.min(BLOCK, time - first);
        int seen = first + rows;
        FloatPointer q = scratch.view(2, qkv, (sequence + first) * stride + column);
        Gemm.run(false, true, rows, seen, headWidth, scale, q, stride, k, stride, 0f, scores, seen);
        scores.get(p, 0, rows * seen);
        softmax(p, first, rows, seen);
        scores.put(p, 0, rows * seen);
        Gemm.run(false, false, rows, headWidth, seen, 1f, scores, seen, v, stride, 0f,
            scratch.view(3, out, (sequence + first) * width + column), width);
      }
    });
  }

  /** Fills dQkv. */
  public static void backward(FloatPointer qkv, FloatPointer dOut, FloatPointer dQkv, int batch, int time, int width, int heads) {
    int headWidth = width / heads;
    int stride = 3 * width;
    float scale = (float) (1 / Math.sqrt(headWidth));
    Parallel.run(batch * heads, task -> {
      long sequence = (long) (task / heads) * time;
      int column = task % heads * headWidth;
      Scratch scratch = Scratch.get();
      FloatPointer k = scratch.view(0, qkv, sequence * stride + width + column);
      FloatPointer v = scratch.view(1, qkv, sequence * stride + 2 * width + column);
      FloatPointer dk = scratch.view(2, dQkv, sequence * stride + width + column);
      FloatPointer dv = scratch.view(3, dQkv, sequence * stride + 2 * width + column);
      FloatPointer scores = scratch.natives(1, (long) BLOCK * time);
      FloatPointer gradients = scratch.natives(2, (long) BLOCK * time);
      float[] p = scratch.floats(0, BLOCK * time);
      float[] d = scratch.floats(1, BLOCK * time);
      int lastBlock = (time - 1) / BLOCK * BLOCK;
      for (int first = lastBlock; first >= 0; first -= BLOCK) {
        int rows = Math.min(BLOCK, time - first);
        int seen = first + rows;
        float beta = first == lastBlock ? 0f : 1f;
        FloatPointer q = scratch.view(4, qkv, (sequence + first) * stride + column);
        FloatPointer dq = scratch.view(5, dQkv, (sequence + first) * stride + column);
        FloatPointer g = scratch.view(6, dOut, (sequence + first) * width + column);
        Gemm.run(false, true, rows, seen, headWidth, scale, q, stride, k, stride, 0f, scores, seen);
        scores.get(p, 0, rows * seen);
        softmax(p, first, rows, seen);
        scores.put(p, 0, rows * seen);
        Gemm.run(true, false, seen, headWidth, rows, 1f, scores, seen, g, width, beta, dv, stride);
        Gemm.run(false, true, rows, seen, headWidth, 1f, g, width, v, stride, 0f, gradients, seen);
        gradients.get(d, 0, rows * seen);
        for (int row = 0; row < rows; row++) {
          int at = row * seen;
          scoreGradient(p, d, at, seen, VectorMath.dot(p, at, d, at, first + row + 1), scale);
        }
        gradients.put(d, 0, rows * seen);
        Gemm.run(false, false, rows, headWidth, seen, 1f, gradients, seen, k, stride, 0f, dq, stride);
        Gemm.run(true, false, seen, headWidth, rows, 1f, gradients, seen, q, stride, beta, dk, stride);
      }
    });
  }

  /** Rows of scores to probabilities, in place; row i of the block is absolute row first + i and sees first + i + 1 columns. */
  private static void softmax(float[] s, int first, int rows, int seen) {
    for (int row = 0; row < rows; row++) {
      int at = row * seen;
      VectorMath.subtract(s, at, seen, VectorMath.max(s, at, first + row + 1));
      Arrays.fill(s, at + first + row + 1, at + seen, -100f);
    }
    VectorMath.exp(s, s, 0, rows * seen);
    for (int row = 0; row < rows; row++) {
      int at = row * seen;
      int visible = first + row + 1;
      VectorMath.scale(s, at, visible, 1f / VectorMath.sum(s, at, visible));
      Arrays.fill(s, at + visible, at + seen, 0f);
    }
  }

  private static void scoreGradient(float[] p, float[] d, int at, int n, float delta, float scale) {
    for (int i = at; i < at + n; i++) {
      d[i] = p[i] * (d[i] - delta) * scale;
    }
  }
}
