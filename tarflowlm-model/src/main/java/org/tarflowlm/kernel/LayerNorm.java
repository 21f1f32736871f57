package org.tarflowlm.kernel;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.tarflowlm.vector.FloatLoops;

/**
 * y = (x - mean) / sqrt(variance + 1e-5) * gain + bias, over the last dimension.
 *
 * <pre>
 *   x, y, dy, dx [rows, width]    gain, bias, dGain, dBias [width]
 *   with h = (x - mean) r, r = 1 / sqrt(variance + eps), a = dy * gain:
 *   dx = r (a - mean(a) - h mean(a h))    dGain = sum_rows dy h    dBias = sum_rows dy
 * </pre>
 *
 * <p>Rows are read in chunks that stay in the cache. Gain, bias, their gradients and per-row numbers are repeated to the size of a chunk,
 * so that all loops use equal indices and span several rows. The backward pass recomputes mean and variance instead of storing them. The
 * variance is computed from the centred row, so a large mean costs no digits. Gradients of gain and bias are summed per task and then in
 * task order.
 */
public final class LayerNorm {
  private static final double EPSILON = 1e-5;
  private static final int CHUNK = 2_048;
  private static final int CHUNKS_A_TASK = 8;

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
      float[] spare = scratch.floats(1, chunk * width);
      float[] ofRow = scratch.floats(2, chunk * width);
      int last = Math.min(rows, (task + 1) * rowsATask);
      for (int first = task * rowsATask; first < last; first += chunk) {
        int n = Math.min(chunk, last - first) * width;
        scratch.view(0, x, (long) first * width).get(h, 0, n);
        centre(h, spare, ofRow, n, width);
        scale(h, ofRow, gains, biases, n);
        scratch.view(0, y, (long) first * width).put(h, 0, n);
      }
    });
  }

  /**
   * Fills rows [from, to) of y on the calling thread, using Java arrays only. {@code h} and {@code squares} are temporaries [width]; they
   * are separate arrays so that every array of a loop has the same index and the compiler vectorises it.
   */
  public static void forward(float[] x, float[] gain, float[] bias, float[] y, int from, int to, float[] h, float[] squares) {
    int width = gain.length;
    for (int row = from; row < to; row++) {
      System.arraycopy(x, row * width, h, 0, width);
      FloatLoops.subtract(h, 0, width, FloatLoops.sum(h, 0, width) / width);
      FloatLoops.multiply(h, h, squares, width);
      scale(h, (float) (1 / Math.sqrt(FloatLoops.sum(squares, 0, width) / width + EPSILON)), gain, bias, width);
      System.arraycopy(h, 0, y, row * width, width);
    }
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
      float[] r = scratch.floats(5, size);
      float[] meanA = scratch.floats(6, size);
      float[] meanAh = scratch.floats(7, size);
      Arrays.fill(gainSum, 0, size, 0f);
      Arrays.fill(biasSum, 0, size, 0f);
      int last = Math.min(rows, (task + 1) * rowsATask);
      for (int first = task * rowsATask; first < last; first += chunk) {
        int n = Math.min(chunk, last - first) * width;
        scratch.view(0, x, (long) first * width).get(h, 0, n);
        scratch.view(0, dy, (long) first * width).get(a, 0, n);
        FloatLoops.add(biasSum, a, n);
        centre(h, spare, r, n, width);
        FloatLoops.multiply(h, r, n);
        gains(a, h, gainSum, gains, n);
        FloatLoops.multiply(a, h, spare, n);
        means(a, meanA, n, width);
        means(spare, meanAh, n, width);
        inputGradient(a, h, meanA, meanAh, r, n);
        scratch.view(0, dx, (long) first * width).put(a, 0, n);
      }
      FloatLoops.addRows(gainSum, width, size, spare);
      FloatLoops.addRows(biasSum, width, size, spare);
      System.arraycopy(gainSum, 0, partial, task * width, width);
      System.arraycopy(biasSum, 0, partial, (tasks + task) * width, width);
    });
    float[] spare = outer.floats(1, tasks * width);
    float[] biasPartial = outer.floats(10, tasks * width);
    System.arraycopy(partial, tasks * width, biasPartial, 0, tasks * width);
    FloatLoops.addRows(partial, width, tasks * width, spare);
    FloatLoops.addRows(biasPartial, width, tasks * width, spare);
    dGain.put(partial, 0, width);
    dBias.put(biasPartial, 0, width);
  }

  private static float[] repeated(Scratch scratch, int slot, FloatPointer row, int width, int times) {
    float[] result = scratch.floats(slot, times * width);
    row.get(result, 0, width);
    FloatLoops.repeat(result, width, times * width);
    return result;
  }

  /** Centres the rows of x and fills r with 1 / sqrt(variance + eps). */
  private static void centre(float[] x, float[] spare, float[] r, int n, int width) {
    means(x, r, n, width);
    FloatLoops.subtract(x, r, n);
    FloatLoops.multiply(x, x, spare, n);
    for (int at = 0; at < n; at += width) {
      Arrays.fill(r, at, at + width, (float) (1 / Math.sqrt(FloatLoops.sum(spare, at, width) / width + EPSILON)));
    }
  }

  /** Fills each row of {@code means} with the mean of that row of x. */
  private static void means(float[] x, float[] means, int n, int width) {
    for (int at = 0; at < n; at += width) {
      Arrays.fill(means, at, at + width, FloatLoops.sum(x, at, width) / width);
    }
  }

  private static void scale(float[] x, float[] r, float[] gain, float[] bias, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = x[i] * r[i] * gain[i] + bias[i];
    }
  }

  private static void scale(float[] x, float r, float[] gain, float[] bias, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = x[i] * r * gain[i] + bias[i];
    }
  }

  /** Turns dy in {@code a} into dy gain, and adds dy h to {@code gainSum}. */
  private static void gains(float[] a, float[] h, float[] gainSum, float[] gain, int n) {
    for (int i = 0; i < n; i++) {
      gainSum[i] += a[i] * h[i];
      a[i] *= gain[i];
    }
  }

  private static void inputGradient(float[] a, float[] h, float[] meanA, float[] meanAh, float[] r, int n) {
    for (int i = 0; i < n; i++) {
      a[i] = (a[i] - meanA[i] - h[i] * meanAh[i]) * r[i];
    }
  }
}
