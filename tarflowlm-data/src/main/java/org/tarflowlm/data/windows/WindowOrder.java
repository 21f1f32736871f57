package org.tarflowlm.data.windows;

import java.util.Objects;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.SplitMix64;

/**
 * Order of the windows. A pass (epoch) over the corpus consists of {@link #perPass()} windows of {@code length} tokens that do not
 * overlap. In order, they start at 0, length, 2 length and so on. If shuffled, each pass begins its first window at a random token in [0,
 * length), so that it cuts the text elsewhere, and visits its windows in random order.
 *
 * <p>Index arithmetic (a Feistel network keyed by seed and pass) gives the order, so that nothing is stored and any window is found at
 * once.
 */
final class WindowOrder {
  private static final int ROUNDS = 6;

  private final long tokens;
  private final int length;
  private final boolean shuffled;
  private final long seed;
  private final long perPass;
  private final int halfBits;

  /**
   * @param tokens tokens in the corpus
   * @param length tokens in a window
   * @param seed equal seeds give equal orders
   */
  WindowOrder(long tokens, int length, boolean shuffled, long seed) {
    if (length < 1) {
      throw new DataException("window length is " + length + "; expected at least 1");
    }
    if (tokens < length) {
      throw new DataException("the text has " + tokens + " tokens; expected at least one window of " + length);
    }
    this.tokens = tokens;
    this.length = length;
    this.shuffled = shuffled;
    this.seed = seed;
    // Shuffled: as many windows as fit for any random start, so that every pass has the same number.
    this.perPass = shuffled ? Math.max(1, (tokens - length + 1) / length) : tokens / length;
    this.halfBits = Math.max(1, (65 - Long.numberOfLeadingZeros(Math.max(1, perPass - 1))) / 2);
  }

  /** Number of windows in one pass. */
  long perPass() {
    return perPass;
  }

  /** First token of the window at position {@code place} of {@code pass}; place in [0, perPass). */
  public long start(long pass, long place) {
    Objects.checkIndex(place, perPass);
    if (!shuffled) {
      return place * length;
    }
    long key = SplitMix64.mix(seed + SplitMix64.mix(pass + 1));
    long slack = Math.min(length - 1, tokens - perPass * length);
    long phase = Math.floorMod(SplitMix64.mix(key ^ 0x5851F42D4C957F2DL), slack + 1);
    return phase + permuted(place, key) * length;
  }

  /** A Feistel network permutes [0, 4^halfBits); repeating it until the image is below perPass permutes [0, perPass). */
  private long permuted(long place, long key) {
    long mask = (1L << halfBits) - 1;
    long x = place;
    do {
      long left = x >>> halfBits;
      long right = x & mask;
      for (int round = 0; round < ROUNDS; round++) {
        long next = left ^ (SplitMix64.mix(key + round * SplitMix64.STEP + right) & mask);
        left = right;
        right = next;
      }
      x = left << halfBits | right;
    } while (x >= perPass);
    return x;
  }
}
