package org.tarflowlm.kernel;

import org.bytedeco.javacpp.FloatPointer;

/**
 * What a masked head reads of the channels: (x, elu(x), elu(-x)) of each but the last.
 *
 * <pre>
 *   x, dx [rows, D]    y, dy [rows, 3 (D - 1)]    dx = dy_0 + dy_1 (1 + min(y_1, 0)) - dy_2 (1 + min(y_2, 0)), 0 for the last channel
 * </pre>
 */
public final class MaskedInputs {
  /** Numbers for each channel. */
  public static final int PER_CHANNEL = 3;
  private static final int ROWS = 256;

  private MaskedInputs() {}

  /** Fills y. */
  public static void forward(FloatPointer x, FloatPointer y, int rows, int channels) {
    int others = channels - 1;
    inChunks(rows, (scratch, first, count) -> {
      int n = count * channels;
      float[] v = scratch.floats(0, 2 * n);
      float[] e = scratch.floats(1, 2 * n);
      float[] result = scratch.floats(2, count * PER_CHANNEL * others);
      scratch.view(0, x, (long) first * channels).get(v, 0, n);
      for (int i = 0; i < n; i++) {
        v[n + i] = -v[i];
      }
      Elu.forward(v, e, 0, 2 * n);
      for (int row = 0, at = 0; row < count; row++) {
        for (int i = row * channels; i < row * channels + others; i++, at += PER_CHANNEL) {
          result[at] = v[i];
          result[at + 1] = e[i];
          result[at + 2] = e[n + i];
        }
      }
      scratch.view(0, y, (long) first * PER_CHANNEL * others).put(result, 0, count * PER_CHANNEL * others);
    });
  }

  /** Fills dx, given y. */
  public static void backward(FloatPointer y, FloatPointer dy, FloatPointer dx, int rows, int channels) {
    int others = channels - 1;
    int width = PER_CHANNEL * others;
    inChunks(rows, (scratch, first, count) -> {
      float[] v = scratch.floats(0, count * width);
      float[] gradient = scratch.floats(1, count * width);
      float[] result = scratch.floats(2, count * channels);
      scratch.view(0, y, (long) first * width).get(v, 0, count * width);
      scratch.view(0, dy, (long) first * width).get(gradient, 0, count * width);
      for (int row = 0, at = 0; row < count; row++) {
        for (int i = row * channels; i < row * channels + others; i++, at += PER_CHANNEL) {
          result[i] = gradient[at] + gradient[at + 1] * (1f + Math.min(v[at + 1], 0f))
              - gradient[at + 2] * (1f + Math.min(v[at + 2], 0f));
        }
        result[row * channels + others] = 0f;
      }
      scratch.view(0, dx, (long) first * channels).put(result, 0, count * channels);
    });
  }

  /** Work on some rows. */
  private interface Chunk {
    void run(Scratch scratch, int first, int count);
  }

  private static void inChunks(int rows, Chunk chunk) {
    Parallel.run(Linear.ceilDiv(rows, ROWS), task -> chunk.run(Scratch.get(), task * ROWS, Math.min(ROWS, rows - task * ROWS)));
  }
}
