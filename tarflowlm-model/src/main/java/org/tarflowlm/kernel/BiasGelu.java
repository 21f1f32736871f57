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
 * <p>Phi(-a) for a >= 0 is p(a)^32 with a polynomial p fitted to Phi(-a)^(1/32) on [0, 5.5]: no division and no exp. Its degree is
 * odd, so p falls below 0 far out and is cut off there. Errors, measured against double precision: gelu 7e-7, its derivative 2e-6,
 * root mean square 1.4e-7 and 4e-7. Work goes in small passes over a chunk that stays in the first-level cache; the bias and its
 * gradient are kept repeated to the size of a chunk, so that all loops run over equal indices.
 */
public final class BiasGelu {
  private static final int CHUNK = 2_048;
  private static final int CHUNKS_A_TASK = 16;
  private static final float INVERSE_SQRT_2PI = 0.3989422804f;

  private BiasGelu() {}

  /** Fills y. */
  public static void forward(FloatPointer x, FloatPointer bias, FloatPointer y, int rows, int width) {
    int chunk = Math.max(1, Math.min(rows, CHUNK / width));
    float[] biases = biases(bias, width, chunk);
    int rowsATask = chunk * CHUNKS_A_TASK;
    Parallel.run((rows + rowsATask - 1) / rowsATask, task -> {
      Scratch scratch = Scratch.get();
      float[] v = scratch.floats(0, chunk * width);
      float[] tail = scratch.floats(1, chunk * width);
      int last = Math.min(rows, (task + 1) * rowsATask);
      for (int first = task * rowsATask; first < last; first += chunk) {
        int n = Math.min(chunk, last - first) * width;
        scratch.view(0, x, (long) first * width).get(v, 0, n);
        VectorMath.add(v, biases, n);
        tail(v, tail, n);
        value(v, tail, n);
        scratch.view(0, y, (long) first * width).put(v, 0, n);
      }
    });
  }

  /** Fills dx and dBias. */
  public static void backward(FloatPointer x, FloatPointer bias, FloatPointer dy, FloatPointer dx, FloatPointer dBias,
      int rows, int width) {
    int chunk = Math.max(1, Math.min(rows, CHUNK / width));
    int size = chunk * width;
    float[] biases = biases(bias, width, chunk);
    int rowsATask = chunk * CHUNKS_A_TASK;
    int tasks = (rows + rowsATask - 1) / rowsATask;
    Scratch outer = Scratch.get();
    float[] partial = outer.floats(9, tasks * width);
    Parallel.run(tasks, task -> {
      Scratch scratch = Scratch.get();
      float[] v = scratch.floats(0, size);
      float[] tail = scratch.floats(1, size);
      float[] e = scratch.floats(2, size);
      float[] gradient = scratch.floats(3, size);
      float[] sum = scratch.floats(4, size);
      Arrays.fill(sum, 0, size, 0f);
      int last = Math.min(rows, (task + 1) * rowsATask);
      for (int first = task * rowsATask; first < last; first += chunk) {
        int n = Math.min(chunk, last - first) * width;
        scratch.view(0, x, (long) first * width).get(v, 0, n);
        scratch.view(0, dy, (long) first * width).get(gradient, 0, n);
        VectorMath.add(v, biases, n);
        tail(v, tail, n);
        gauss(v, e, n);
        multiplyByDerivative(gradient, v, tail, e, n);
        VectorMath.add(sum, gradient, n);
        scratch.view(0, dx, (long) first * width).put(gradient, 0, n);
      }
      VectorMath.addRows(sum, width, size, tail);
      System.arraycopy(sum, 0, partial, task * width, width);
    });
    VectorMath.addRows(partial, width, tasks * width, outer.floats(1, tasks * width));
    dBias.put(partial, 0, width);
  }

  private static float[] biases(FloatPointer bias, int width, int times) {
    float[] result = Scratch.get().floats(8, times * width);
    bias.get(result, 0, width);
    VectorMath.repeat(result, width, times * width);
    return result;
  }

  /** tail = Phi(-|v|). */
  private static void tail(float[] v, float[] tail, int n) {
    for (int i = 0; i < n; i++) {
      float a = Math.abs(v[i]);
      float p = -1.2921239e-5f;
      p = p * a + 2.4876653e-4f;
      p = p * a - 8.9490146e-4f;
      p = p * a - 9.4202664e-3f;
      p = p * a - 2.4401061e-2f;
      p = p * a + 9.7857207e-1f;
      p = Math.max(p, 0f);
      p *= p;
      p *= p;
      p *= p;
      p *= p;
      p *= p;
      tail[i] = p;
    }
  }

  /** v = max(v, 0) - |v| tail. */
  private static void value(float[] v, float[] tail, int n) {
    for (int i = 0; i < n; i++) {
      float a = Math.abs(v[i]);
      v[i] = 0.5f * (v[i] + a) - a * tail[i];
    }
  }

  /** e = exp(-v^2 / 2): the polynomial of {@link VectorMath#exp} with -v^2 / 2 put in. */
  private static void gauss(float[] v, float[] e, int n) {
    for (int i = 0; i < n; i++) {
      float square = v[i] * v[i];
      float p = -1.7785208e-13f;
      p = p * square + 1.497088e-10f;
      p = p * square - 7.9251875e-8f;
      p = p * square + 3.0513625e-5f;
      p = p * square - 7.8124765e-3f;
      p = p * square + 1f;
      p = Math.max(p, 0f);
      p *= p;
      p *= p;
      p *= p;
      p *= p;
      p *= p;
      p *= p;
      e[i] = p;
    }
  }

  /** g *= Phi(v) + v phi(v), given e = exp(-v^2 / 2); the sign of v by a division, to have no branch. */
  private static void multiplyByDerivative(float[] g, float[] v, float[] tail, float[] e, int n) {
    for (int i = 0; i < n; i++) {
      float sign = v[i] / (Math.abs(v[i]) + 1e-30f);
      g[i] *= 0.5f + sign * (0.5f - tail[i]) + v[i] * INVERSE_SQRT_2PI * e[i];
    }
  }
}
