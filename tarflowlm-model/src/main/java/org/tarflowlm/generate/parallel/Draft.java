package org.tarflowlm.generate.parallel;

import org.tarflowlm.flow.FlowOrder;

/**
 * Guesses of a flow's output, from which parallel decoding starts. They decide how many passes it takes, never what comes out.
 * One sequence at a time, positions in the flow's reading order.
 */
public interface Draft {
  /** A new sequence, of which the first {@code known} positions in reading order stand in z. */
  void begin(double[] z, int known, FlowOrder order);

  /** Before the first guess. */
  default void prepare() {}

  /**
   * Writes a guess of position {@code i} in reading order to z; the positions before it stand there, found or guessed.
   *
   * @return how probable it is that the guess is right, as far as it can be
   */
  double guess(double[] u, double[] z, int i);

  /** Position {@code i} was computed again and stands in z; returns whether the guesses after it are to be rejected. */
  default boolean rejects(double[] z, int i) {
    return false;
  }

  /** All positions are final. */
  default void end() {}

  /** The flow's own noise as guess of its output: good for flows that change little, which the later flows of a stack do. */
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
