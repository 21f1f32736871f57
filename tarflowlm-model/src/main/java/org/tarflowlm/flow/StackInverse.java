package org.tarflowlm.flow;

/** The inverse of a whole stack, computed elsewhere: by a graph. */
public interface StackInverse {
  /**
   * Noise to text. May be called by many threads.
   *
   * @param u [batch][positions * D]; not read where the prompt is
   * @param prompt [batch][n * D], what z begins with; n may be 0
   */
  Window inverse(Sampling sampling, double[][] u, double[][] prompt);

  /** Whether it can be computed on this machine. */
  default boolean isAvailable() {
    return true;
  }

  /**
   * A window of text.
   *
   * @param z [batch][positions * D]
   * @param tokens [batch][positions * P], decoded from z
   */
  record Window(double[][] z, int[][] tokens) {}
}
