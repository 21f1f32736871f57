package org.tarflowlm.data.latent;

import org.tarflowlm.data.SplitMix64;

/**
 * Standard normal numbers by index: number i of stream s depends on (seed, s, i) alone and is the same on every machine. They serve as
 * the noise eps of the reparameterised encoder (arXiv 2507.00425, sec. 3.1).
 */
public final class GaussianNoise {
  private static final double TO_UNIT = 0x1.0p-53;

  private final long key;

  /**
   * @param seed equal seeds give equal numbers
   * @param worker differs between workers, so that they draw different numbers
   */
  public GaussianNoise(long seed, int worker) {
    this.key = SplitMix64.mix(SplitMix64.mix(seed + SplitMix64.STEP) + SplitMix64.STEP * (worker + 1L));
  }

  /** Numbers 0 to {@code count} - 1 of a stream, [count]. */
  public float[] draw(long stream, int count) {
    return draw(stream, 0, count);
  }

  /** Numbers {@code from} to {@code from + count} - 1 of a stream, [count]. */
  public float[] draw(long stream, long from, int count) {
    float[] out = new float[count];
    // The stream is mixed once more than the seed. Mixed equally often, draw d of seed s would be draw s of seed d.
    long start = SplitMix64.mix(key + SplitMix64.STEP * (stream + 1));
    // Box-Muller: two uniform numbers give two normal ones. StrictMath makes them the same everywhere.
    for (long i = from - from % 2; i < from + count; i += 2) {
      double u = ((SplitMix64.mix(start + (i + 1L) * SplitMix64.STEP) >>> 11) + 1) * TO_UNIT;
      double v = (SplitMix64.mix(start + (i + 2L) * SplitMix64.STEP) >>> 11) * TO_UNIT;
      double radius = StrictMath.sqrt(-2 * StrictMath.log(u));
      if (i >= from) {
        out[(int) (i - from)] = (float) (radius * StrictMath.cos(2 * Math.PI * v));
      }
      if (i + 1 < from + count) {
        out[(int) (i + 1 - from)] = (float) (radius * StrictMath.sin(2 * Math.PI * v));
      }
    }
    return out;
  }

  /**
   * A stream number that depends on a number and on the tokens. Workers may count alike, such as DL4J's parallel training or executors
   * that each begin at 0. They then draw different noise for different texts; a text gets the same noise whichever worker has it.
   */
  public static long stream(long number, int[] ids) {
    long hash = number;
    for (int id : ids) {
      hash = SplitMix64.mix(hash + SplitMix64.STEP) + id;
    }
    return hash;
  }
}
