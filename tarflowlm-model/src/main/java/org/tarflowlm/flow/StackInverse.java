package org.tarflowlm.flow;

/** The inverse of a whole stack, as a graph computes it. */
public interface StackInverse {
  /**
   * Turns noise into text. {@code FlowGenerator} calls it from many threads.
   *
   * @param u [batch][positions * D]; ignored at the prompt's positions
   * @param prompt [batch][n * D], the latents with which z begins; n may be 0
   */
  Window inverse(Sampling sampling, double[][] u, double[][] prompt);

  /** Whether this machine can compute it. */
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
