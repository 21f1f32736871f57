package org.tarflowlm.data;

/** SplitMix64's finaliser: scatters the bits of a counter or key. */
public final class SplitMix64 {
  /** The odd constant by which keys and counters step. */
  public static final long STEP = 0x9E3779B97F4A7C15L;

  private SplitMix64() {}

  /** Maps 64 bits to 64 bits, one to one. */
  public static long mix(long z) {
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }
}
