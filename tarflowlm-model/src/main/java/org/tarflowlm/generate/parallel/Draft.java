package org.tarflowlm.generate.parallel;

import org.tarflowlm.flow.FlowOrder;

/**
 * Guesses a flow's output, from which parallel decoding starts. The guesses decide how many passes it takes, never the result. Handles one
 * sequence at a time, with positions in the flow's reading order.
 */
public interface Draft {
  /** Begins a sequence; z [positions * D] holds its first {@code known} positions in reading order. */
  void begin(double[] z, int known, FlowOrder order);

  /** Prepares for guesses; called before the first one. */
  default void prepare() {}

  /**
   * Writes a guess at position {@code i} in reading order to z, which holds the positions before it, solved or guessed.
   *
   * @return estimated probability that the guess is right
   */
  double guess(double[] u, double[] z, int i);

  /** Takes note of the new result for position {@code i} in z; returns whether it rules out the guesses after it. */
  default boolean rejects(double[] z, int i) {
    return false;
  }

  /** Ends the sequence: all positions are final. */
  default void end() {}

  /** Guesses that the output equals the flow's input: good for flows that change little, such as the later ones of a stack. */
  final class Noise implements Draft {
    private final int channels;
    private FlowOrder order;

    Noise(int channels) {
      this.channels = channels;
    }

    @Override
    public void begin(double[] z, int known, FlowOrder readingOrder) {
      order = readingOrder;
    }

    @Override
    public double guess(double[] u, double[] z, int i) {
      int at = order.time(i) * channels;
      System.arraycopy(u, at, z, at, channels);
      return 1.0;
    }
  }
}
