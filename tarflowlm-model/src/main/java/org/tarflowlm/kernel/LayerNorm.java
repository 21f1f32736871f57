package org.tarflowlm.kernel;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;

/**
 * y = (x - mean) / sqrt(variance + 1e-5) * gain + bias, over the last dimension.
 *
 * <pre>
 *   x, y, dy, dx [rows, width]    gain, bias, dGain, dBias [width]
 *   with h = (x - mean) r, r = 1 / sqrt(variance + eps), a = dy * gain:
 *   dx = r (a - mean(a) - h mean(a h))    dGain = sum_rows dy h    dBias = sum_rows dy
 * </pre>
 *
 * <p>Rows are read in chunks that stay in the first-level cache; gain, bias and their gradients are kept repeated to the size of
 * a chunk, so that all loops run over equal indices. The backward pass recomputes mean and variance instead of storing them. The
 * variance is taken of the centred row, so a large mean costs no digits. Gradients of gain and bias are summed a task and then
 * in task order.
 */
public final class LayerNorm {
  private static final double EPSILON = 1e-5;
  private static final int CHUNK = 4_096;
  private static final int CHUNKS_A_TASK = 4;

  private LayerNorm() {}

  /** Fills y. */
  public static void forward(FloatPointer x, FloatPointer gain, FloatPointer bias, FloatPointer y, int rows, int width) {
    int chunk = Math.max(1, Math.min(rows, CHUNK / width));
    Scratch outer = Scratch.get();
    float[] gains = repeated(outer, 8, gain, width, chunk);
    float[] biases = repeated(outer, 9, bias, width, chunk);
    int rowsATask = chunk * CHUNKS_A_TASK;
    Parallel.run((rows + rowsATask - 1) / rowsATask, task -> {
      Scratch scratch = Scratch.get();
      float[] h = scratch.floats(0, chunk * width);
      float[] square = scratch.floats(1, chunk * width);
      int last = Math.min(rows, (task + 1) * rowsATask);
      for (int first = task * rowsATask; first < last; first += chunk) {
        int n = Math.min(chunk, last - first) * width;
        scratch.view(0, x, (long) first * width).get(h, 0, n);
        for (int at = 0; at < n; at += width) {
          scale(h, inverseDeviation(h, square, at, width), gains, biases, at, width);
        }
        scratch.view(0, y, (long) first * width).put(h, 0, n);
      }
    });
  }

  /** Fills dx, dGain and dBias. */
  public static void backward(FloatPointer x, FloatPointer gain, FloatPointer dy, FloatPointer dx, FloatPointer dGain,
      FloatPointer dBias, int rows, int width) {
    int chunk = Math.max(1, Math.min(rows, CHUNK / width));
    int size = chunk * width;
    Scratch outer = Scratch.get();
    float[] gains = repeated(outer, 8, gain, width, chunk);
    int rowsATask = chunk * CHUNKS_A_TASK;
    int tasks = (rows + rowsATask - 1) / rowsATask;
    float[] partial = outer.floats(9, 2 * width * tasks);
    Parallel.run(tasks, task -> {
      Scratch scratch = Scratch.get();
      float[] h = scratch.floats(0, size);
      float[] spare = scratch.floats(1, size);
      float[] a = scratch.floats(2, size);
      float[] gainSum = scratch.floats(3, size);
      float[] biasSum = scratch.floats(4, size);
      Arrays.fill(gainSum, 0, size, 0f);
      Arrays.fill(biasSum, 0, size, 0f);
      int last = Math.min(rows, (task + 1) * rowsATask);
      for (int first = task * rowsATask; first < last; first += chunk) {
        int n = Math.min(chunk, last - first) * width;
        scratch.view(0, x, (long) first * width).get(h, 0, n);
        scratch.view(0, dy, (long) first * width).get(a, 0, n);
        VectorMath.add(biasSum, a, n);
        for (int at = 0; at < n; at += width) {
          float r = inverseDeviation(h, spare, at, width);
          VectorMath.scale(h, at, width, r);
          inputGradient(a, h, gainSum, gains, spare, at, r, width);
        }
        scratch.view(0, dx, (long) first * width).put(a, 0, n);
      }
      VectorMath.addRows(gainSum, width, size, spare);
      VectorMath.addRows(biasSum, width, size, spare);
      System.arraycopy(gainSum, 0, partial, task * width, width);
      System.arraycopy(biasSum, 0, partial, (tasks + task) * width, width);
    });
    float[] spare = outer.floats(1, tasks * width);
    float[] biasPartial = outer.floats(10, tasks * width);
    System.arraycopy(partial, tasks * width, biasPartial, 0, tasks * width);
    VectorMath.addRows(partial, width, tasks * width, spare);
    VectorMath.addRows(biasPartial, width, tasks * width, spare);
    dGain.put(partial, 0, width);
    dBias.put(biasPartial, 0, width);
  }

  private static float[] repeated(Scratch scratch, int slot, FloatPointer row, int width, int times) {
    float[] result = scratch.floats(slot, times * width);
    row.get(result, 0, width);
    VectorMath.repeat(result, width, times * width);
    return result;
  }

  /** Centres the row of x at {@code at} and returns 1 / sqrt(variance + eps). */
  private static float inverseDeviation(float[] x, float[] spare, int at, int width) {
    VectorMath.subtract(x, at, width, VectorMath.sum(x, at, width) / width);
    square(x, spare, at, width);
    return (float) (1 / Math.sqrt(VectorMath.sum(spare, at, width) / width + EPSILON));
  }

  private static void square(float[] x, float[] y, int at, int width) {
    for (int j = at; j < at + width; j++) {
      y[j] = x[j] * x[j];
    }
  }

  private static void scale(float[] x, float r, float[] gain, float[] bias, int at, int width) {
    for (int j = at; j < at + width; j++) {
      x[j] = x[j] * r * gain[j] + bias[j];
    }
  }

  /** dy in a becomes dx; dy h is added to gainSum. */
  private static void inputGradient(float[] a, float[] h, float[] gainSum, float[] gain, float[] spare, int at, float r, int width) {
    gains(a, h, gainSum, gain, at, width);
    product(a, h, spare, at, width);
    inputGradient(a, h, at, VectorMath.sum(a, at, width) / width, VectorMath.sum(spare, at, width) / width, r, width);
  }

  private static void gains(float[] a, float[] h, float[] gainSum, float[] gain, int at, int width) {
    for (int j = at; j < at + width; j++) {
      gainSum[j] += a[j] * h[j];
      a[j] *= gain[j];
    }
  }

  private static void product(float[] a, float[] h, float[] y, int at, int width) {
    for (int j = at; j < at + width; j++) {
      y[j] = a[j] * h[j];
    }
  }

  private static void inputGradient(float[] a, float[] h, int at, float meanA, float meanAh, float r, int width) {
    for (int j = at; j < at + width; j++) {
      a[j] = (a[j] - meanA - h[j] * meanAh) * r;
    }
  }
}
