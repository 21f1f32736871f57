package org.tarflowlm.kernel;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;

/**
 * y = gelu(x + bias), gelu(v) = v Phi(v) with the exact normal distribution function Phi.
 *
 * <pre>
 *   x, y, dy, dx [rows, width]    bias, dBias [width]
 *   dx = dy (Phi(v) + v phi(v)), v = x + bias    dBias = column sums of dx
 * </pre>
 *
 * <p>Phi(-|v|) = phi(v) t (c1 + t (c2 + ...)), t = 1 / (1 + c0 |v|) (Abramowitz and Stegun 26.2.17, error below 1e-7), in small
 * passes over a chunk that stays in the first-level cache.
 */
public final class BiasGelu {
  private static final int CHUNK = 2_048;
  private static final int CHUNKS_A_TASK = 32;
  private static final float INVERSE_SQRT_2PI = 0.3989422804f;

  private BiasGelu() {}

  /** Fills y. */
  public static void forward(FloatPointer x, FloatPointer bias, FloatPointer y, int rows, int width) {
    float[] b = Scratch.get().floats(8, width);
    bias.get(b, 0, width);
    int chunk = Math.max(1, CHUNK / width);
    int rowsATask = chunk * CHUNKS_A_TASK;
    Parallel.run((rows + rowsATask - 1) / rowsATask, task -> {
      Scratch scratch = Scratch.get();
      float[] v = scratch.floats(0, chunk * width);
      float[] e = scratch.floats(1, chunk * width);
      float[] tail = scratch.floats(2, chunk * width);
      int last = Math.min(rows, (task + 1) * rowsATask);
      for (int first = task * rowsATask; first < last; first += chunk) {
        int n = Math.min(chunk, last - first) * width;
        scratch.view(0, x, (long) first * width).get(v, 0, n);
        addToRows(v, n, b, width);
        tails(v, e, tail, n);
        value(v, tail, n);
        scratch.view(0, y, (long) first * width).put(v, 0, n);
      }
    });
  }

  /** Fills dx and dBias. */
  public static void backward(FloatPointer x, FloatPointer bias, FloatPointer dy, FloatPointer dx, FloatPointer dBias,
      int rows, int width) {
    Scratch outer = Scratch.get();
    float[] b = outer.floats(8, width);
    bias.get(b, 0, width);
    int chunk = Math.max(1, CHUNK / width);
    int rowsATask = chunk * CHUNKS_A_TASK;
    int tasks = (rows + rowsATask - 1) / rowsATask;
    float[] partial = outer.floats(9, tasks * width);
    Parallel.run(tasks, task -> {
      Scratch scratch = Scratch.get();
      float[] v = scratch.floats(0, chunk * width);
      float[] e = scratch.floats(1, chunk * width);
      float[] tail = scratch.floats(2, chunk * width);
      float[] gradient = scratch.floats(3, chunk * width);
      float[] sum = scratch.floats(4, width);
      Arrays.fill(sum, 0, width, 0f);
      int last = Math.min(rows, (task + 1) * rowsATask);
      for (int first = task * rowsATask; first < last; first += chunk) {
        int n = Math.min(chunk, last - first) * width;
        scratch.view(0, x, (long) first * width).get(v, 0, n);
        scratch.view(0, dy, (long) first * width).get(gradient, 0, n);
        addToRows(v, n, b, width);
        tails(v, e, tail, n);
        derivative(v, e, tail, gradient, n);
        scratch.view(0, dx, (long) first * width).put(gradient, 0, n);
        for (int at = 0; at < n; at += width) {
          VectorMath.accumulate(gradient, at, sum, width);
        }
      }
      System.arraycopy(sum, 0, partial, task * width, width);
    });
    float[] sum = outer.floats(4, width);
    Arrays.fill(sum, 0, width, 0f);
    for (int task = 0; task < tasks; task++) {
      VectorMath.accumulate(partial, task * width, sum, width);
    }
    dBias.put(sum, 0, width);
  }

  private static void addToRows(float[] v, int n, float[] bias, int width) {
    for (int at = 0; at < n; at += width) {
      addToRow(v, at, bias, width);
    }
  }

  private static void addToRow(float[] v, int at, float[] bias, int width) {
    for (int j = 0; j < width; j++) {
      v[at + j] += bias[j];
    }
  }

  /** e = exp(-v^2 / 2), tail = Phi(-|v|). */
  private static void tails(float[] v, float[] e, float[] tail, int n) {
    halfSquare(v, e, n);
    VectorMath.exp(e, e, 0, n);
    tail(v, e, tail, n);
  }

  private static void halfSquare(float[] v, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = -0.5f * v[i] * v[i];
    }
  }

  private static void tail(float[] v, float[] e, float[] tail, int n) {
    for (int i = 0; i < n; i++) {
      float t = 1f / (1f + 0.2316419f * Math.abs(v[i]));
      tail[i] = e[i] * t * (0.127414796f + t * (-0.142248368f + t * (0.7107068705f + t * (-0.7265760135f + t * 0.5307027145f))));
    }
  }

  private static void value(float[] v, float[] tail, int n) {
    for (int i = 0; i < n; i++) {
      v[i] = Math.max(v[i], 0f) - Math.abs(v[i]) * tail[i];
    }
  }

  private static void derivative(float[] v, float[] e, float[] tail, float[] gradient, int n) {
    for (int i = 0; i < n; i++) {
      float sign = v[i] / Math.max(Math.abs(v[i]), 1e-30f);
      gradient[i] *= 0.5f + sign * (0.5f - tail[i]) + v[i] * INVERSE_SQRT_2PI * e[i];
    }
  }
}
