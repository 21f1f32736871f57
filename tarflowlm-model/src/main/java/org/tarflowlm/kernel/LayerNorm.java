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
 * <p>Rows are read in chunks that stay in the first-level caches; the backward pass recomputes mean and variance instead of
 * storing them. The variance is taken of the centred row, so a large mean costs no digits. Sums over rows are kept a task and
 * added in task order.
 */
public final class LayerNorm {
  private static final double EPSILON = 1e-5;
  private static final int CHUNK = 16_384;

  private LayerNorm() {}

  /** Fills y. */
  public static void forward(FloatPointer x, FloatPointer gain, FloatPointer bias, FloatPointer y, int rows, int width) {
    Scratch outer = Scratch.get();
    float[] g = outer.floats(8, width);
    float[] b = outer.floats(9, width);
    gain.get(g, 0, width);
    bias.get(b, 0, width);
    int chunk = Math.max(1, CHUNK / width);
    Parallel.run((rows + chunk - 1) / chunk, task -> {
      int first = task * chunk;
      int count = Math.min(chunk, rows - first);
      Scratch scratch = Scratch.get();
      float[] in = scratch.floats(0, count * width);
      scratch.view(0, x, (long) first * width).get(in, 0, count * width);
      for (int row = 0; row < count; row++) {
        int at = row * width;
        VectorMath.subtract(in, at, width, VectorMath.sum(in, at, width) / width);
        scaleAndShift(in, at, inverseDeviation(in, at, width), g, b, width);
      }
      scratch.view(0, y, (long) first * width).put(in, 0, count * width);
    });
  }

  /** Fills dx, dGain and dBias. */
  public static void backward(FloatPointer x, FloatPointer gain, FloatPointer dy, FloatPointer dx, FloatPointer dGain,
      FloatPointer dBias, int rows, int width) {
    Scratch outer = Scratch.get();
    float[] g = outer.floats(8, width);
    gain.get(g, 0, width);
    int chunk = Math.max(1, CHUNK / width);
    int tasks = (rows + chunk - 1) / chunk;
    float[] partial = outer.floats(9, 2 * width * tasks);
    Parallel.run(tasks, task -> {
      int first = task * chunk;
      int count = Math.min(chunk, rows - first);
      Scratch scratch = Scratch.get();
      float[] h = scratch.floats(0, count * width);
      float[] a = scratch.floats(1, count * width);
      float[] gainSum = scratch.floats(2, width);
      float[] biasSum = scratch.floats(3, width);
      Arrays.fill(gainSum, 0, width, 0f);
      Arrays.fill(biasSum, 0, width, 0f);
      scratch.view(0, x, (long) first * width).get(h, 0, count * width);
      scratch.view(0, dy, (long) first * width).get(a, 0, count * width);
      for (int row = 0; row < count; row++) {
        int at = row * width;
        VectorMath.subtract(h, at, width, VectorMath.sum(h, at, width) / width);
        float r = inverseDeviation(h, at, width);
        VectorMath.scale(h, at, width, r);
        VectorMath.accumulate(a, at, biasSum, width);
        accumulateProduct(a, h, at, gainSum, width);
        multiply(a, at, g, width);
        inputGradient(a, h, at, VectorMath.sum(a, at, width) / width, VectorMath.dot(a, at, h, at, width) / width, r, width);
      }
      scratch.view(0, dx, (long) first * width).put(a, 0, count * width);
      System.arraycopy(gainSum, 0, partial, 2 * task * width, width);
      System.arraycopy(biasSum, 0, partial, (2 * task + 1) * width, width);
    });
    float[] gainSum = outer.floats(2, width);
    float[] biasSum = outer.floats(3, width);
    Arrays.fill(gainSum, 0, width, 0f);
    Arrays.fill(biasSum, 0, width, 0f);
    for (int task = 0; task < tasks; task++) {
      VectorMath.accumulate(partial, 2 * task * width, gainSum, width);
      VectorMath.accumulate(partial, (2 * task + 1) * width, biasSum, width);
    }
    dGain.put(gainSum, 0, width);
    dBias.put(biasSum, 0, width);
  }

  private static float inverseDeviation(float[] centred, int at, int width) {
    return (float) (1 / Math.sqrt(VectorMath.dot(centred, at, centred, at, width) / width + EPSILON));
  }

  private static void scaleAndShift(float[] x, int at, float r, float[] gain, float[] bias, int width) {
    for (int j = 0; j < width; j++) {
      x[at + j] = x[at + j] * r * gain[j] + bias[j];
    }
  }

  private static void accumulateProduct(float[] dy, float[] h, int at, float[] sum, int width) {
    for (int j = 0; j < width; j++) {
      sum[j] += dy[at + j] * h[at + j];
    }
  }

  private static void multiply(float[] a, int at, float[] gain, int width) {
    for (int j = 0; j < width; j++) {
      a[at + j] *= gain[j];
    }
  }

  private static void inputGradient(float[] a, float[] h, int at, float meanA, float meanAh, float r, int width) {
    for (int j = at; j < at + width; j++) {
      a[j] = (a[j] - meanA - h[j] * meanAh) * r;
    }
  }
}
