package org.tarflowlm.eval;

import org.tarflowlm.config.TarFlowConfig;

/**
 * The batches of windows in which {@link Likelihood} scores a text. Batches are independent, so several machines can share them.
 *
 * @param tokens number of tokens that fill whole patches
 * @param length tokens in a window: the model's context length
 * @param stride tokens between the starts of overlapping windows; 0 for independent windows
 */
public record TextBatches(long tokens, int length, int stride) {
  private static final int SIZE = 16;

  /**
   * One batch.
   *
   * @param from token at which the first window begins
   * @param apart tokens between the starts of consecutive windows
   * @param windows number of windows in the batch
   * @param length tokens in each window
   * @param counted how many tokens at the end of each window count, given those before them
   */
  record Batch(long from, int apart, int windows, int length, int counted) {}

  /**
   * The batches of a text.
   *
   * @param tokens number of tokens in the text; those at the end that do not fill a patch are left out
   * @param stride 0, or a multiple of patchSize from 1 to the context length
   * @throws IllegalArgumentException if stride is anything else, or there is no whole patch
   */
  public static TextBatches of(TarFlowConfig config, long tokens, int stride) {
    if (stride != 0) {
      requireStride(config, stride);
    }
    int patch = config.patch();
    int length = config.contextLength();
    long usable = tokens / patch * patch;
    if (usable == 0) {
      throw new IllegalArgumentException("the text has " + tokens + " tokens; expected at least " + patch);
    }
    return new TextBatches(usable, length, usable <= length ? 0 : stride);
  }

  static void requireStride(TarFlowConfig config, int stride) {
    int patch = config.patch();
    if (stride < 1 || stride > config.contextLength() || stride % patch != 0) {
      throw new IllegalArgumentException("stride is " + stride + "; expected " + (patch == 1 ? "1" : "a multiple of " + patch) + " to "
          + config.contextLength() + ", the context length");
    }
  }

  /** Number of batches. */
  public long count() {
    return batches(windows()) + (stride == 0 ? 0 : 1) + (rest() > 0 ? 1 : 0);
  }

  /** Number of full windows; with a stride, not counting the first. */
  private long windows() {
    return stride == 0 ? tokens / length : (tokens - length) / stride;
  }

  /** Number of tokens after the full windows. */
  private int rest() {
    return (int) (stride == 0 ? tokens - windows() * length : tokens - length - windows() * stride);
  }

  private static long batches(long windows) {
    return (windows + SIZE - 1) / SIZE;
  }

  /** @param index at least 0 and below {@link #count()} */
  Batch batch(long index) {
    if (stride > 0 && index == 0) {
      return new Batch(0, length, 1, length, length);
    }
    if (index == count() - 1 && rest() > 0) {
      return stride == 0 ? new Batch(windows() * length, rest(), 1, rest(), rest()) : new Batch(tokens - length, 0, 1, length, rest());
    }
    long first = (stride == 0 ? index : index - 1) * SIZE;
    int size = (int) Math.min(SIZE, windows() - first);
    return stride == 0 ? new Batch(first * length, length, size, length, length)
        : new Batch((first + 1) * stride, stride, size, length, stride);
  }
}
