package org.tarflowlm.flow;

import java.util.Arrays;
import java.util.function.Supplier;
import org.tarflowlm.coupling.Workspace;

/**
 * One flow with its in-token flows on plain arrays, in both directions. From z to u, all positions of a sequence are known, so they pass
 * through the transformer in groups. From u to z, it computes one position of all sequences at a time. With {@link #step} and
 * {@link #block}, callers choose the order. It holds caches and scratch arrays, so each thread needs its own instance.
 *
 * <p>Positions are numbered in time. A right-to-left flow reads them from the last to the first: its place 0 is the last position in time.
 */
public final class FlowTransform {
  /** Called when a position is final. */
  @FunctionalInterface
  public interface PositionListener {
    /** Called when position {@code time} of z, [sequences][positions * D], is solved in all sequences; returns whether to continue. */
    boolean solved(double[][] z, int time);
  }

  /** Positions that pass through the transformer together if all are known; also the most positions of a block. */
  public static final int GROUP = 32;

  private final int positions;
  private final int channels;
  /** The flow and its in-token flows. */
  private final int flows;
  private final FlowRows rows;
  private FlowOrder order;

  /**
   * @param channels D
   * @param sequences most sequences that are inverted together
   * @param positions length of the sequences
   * @param filter reshapes the Mix-d weights of all positions, or of those given by {@link #filterOnly}
   */
  public FlowTransform(FlowWeights weights, int channels, int sequences, int positions, TokenFilter filter, Workspace workspace) {
    this(weights, channels, sequences, positions, filter, workspace, 1, () -> null);
  }

  /**
   * For parallel decoding.
   *
   * @param parts most parts of a {@link #block} that run in parallel
   * @param tokenMargin called for each head of a part; may supply null, for no margins
   */
  public FlowTransform(FlowWeights weights, int channels, int sequences, int positions, TokenFilter filter, Workspace workspace,
      int parts, Supplier<TokenMargin> tokenMargin) {
    this.channels = channels;
    flows = weights.count();
    this.positions = positions;
    int most = Math.max(sequences, Math.min(GROUP, positions));
    rows = new FlowRows(weights, channels, sequences, positions, most, parts, filter, workspace, tokenMargin);
  }

  /** Uses the filter only at the positions [from, to) in time, so that the model reads known text unchanged. */
  public void filterOnly(int from, int to) {
    rows.filterOnly(from, to);
  }

  /** Solves all positions of {@code count} sequences: reads u[b], fills z[b], each [positions * D]. */
  public void inverse(double[][] u, double[][] z, int count) {
    inverse(u, z, count, 0, positions, null);
  }

  /**
   * Solves the positions [from, to) in time. z must already hold what the flow reads before them: the positions before {@code from} for a
   * left-to-right flow, those from {@code to} on for a right-to-left one. If the flow looks ahead, z must hold the others too.
   *
   * @param listener receives every position, in the flow's reading order, and may end the pass; or null
   */
  public void inverse(double[][] u, double[][] z, int count, int from, int to, PositionListener listener) {
    for (int b = 0; b < count; b++) {
      rows.passThrough(u[b], z[b], from, to);
    }
    begin(z, count, from, to);
    int first = order.first(from, to);
    for (int i = first; i < first + to - from; i++) {
      step(u, z, count, i);
      if (listener != null && !listener.solved(z, order.time(i))) {
        return;
      }
    }
  }

  /** Reads the positions before [from, to) of {@code count} sequences in reading order; returns that order. */
  public FlowOrder begin(double[][] z, int count, int from, int to) {
    begin();
    int first = order.first(from, to);
    for (int b = 0; b < count; b++) {
      for (int i = 0; i < first; i += GROUP) {
        int size = Math.min(GROUP, first - i);
        rows.prepareAll(z[b], b, i, size);
        rows.run(size);
      }
    }
    return order;
  }

  /** Starts another pass over sequences that were read before; returns their reading order. */
  public FlowOrder begin() {
    order = rows.begin(positions);
    return order;
  }

  /** Solves place {@code i} of {@code count} sequences; z holds the places before it. */
  public void step(double[][] u, double[][] z, int count, int i) {
    for (int b = 0; b < count; b++) {
      rows.prepare(b, z[b], b, i);
    }
    rows.step(u, z, count, order.time(i));
  }

  /** Computes the places [first, first + size) of one sequence, with {@code read} in place of the latents before them; fills z. */
  public void block(double[] u, double[] read, double[] z, int first, int size) {
    rows.block(u, read, z, first, size);
  }

  /** {@link CouplingHead#margin} for each row of the last block, or at index 0 for the first sequence of the last step. */
  public double[] margins() {
    return rows.margins();
  }

  /** Computes all positions of one sequence from u, with {@code read} in place of the latents found before each. */
  public void sweep(double[] u, double[] read, double[] z) {
    order = rows.begin(positions);
    for (int i = 0; i < positions; i += GROUP) {
      rows.block(u, read, z, i, Math.min(GROUP, positions - i));
    }
  }

  /**
   * Maps one sequence z to u, of the same length; returns log |det du/dz| in nats. The sequence may have fewer positions than the
   * instance was made for; then no filter is used.
   */
  public double forward(double[] z, double[] u) {
    return forward(z, u, 0, z.length / channels);
  }

  /**
   * Like {@link #forward(double[], double[])}, for the flow and each of its in-token flows.
   *
   * @param levels [flows][positions * D], filled with their outputs; all but the last may be null
   * @return their log-determinants in nats, [flows]
   */
  public double[] forward(double[] z, double[][] levels) {
    return forward(z, levels, 0, z.length / channels);
  }

  /** Maps the positions [from, to) in time, given all of z before them in reading order; returns their log-determinant in nats. */
  public double forward(double[] z, double[] u, int from, int to) {
    double[][] levels = new double[flows][];
    levels[flows - 1] = u;
    return Arrays.stream(forward(z, levels, from, to)).sum();
  }

  private double[] forward(double[] z, double[][] levels, int from, int to) {
    double[] logDets = new double[flows];
    if (from == to) {
      return logDets;
    }
    order = rows.begin(z.length / channels);
    int first = order.first(from, to);
    int end = first + to - from;
    for (int i = 0; i < end; i += GROUP) {
      int size = Math.min(GROUP, end - i);
      rows.prepareAll(z, 0, i, size);
      rows.run(size);
      rows.readHeads(0, 0, size);
      for (int r = Math.max(0, first - i); r < size; r++) {
        rows.forward(r, z, levels, order.time(i + r), logDets);
      }
    }
    return logDets;
  }

  /**
   * Computes the weights of a Mix-d flow for one sequence z.
   *
   * @param p [tokens][K], filled with the probabilities of the components for each token, given the earlier positions
   */
  public void weights(double[] z, double[][] p) {
    order = rows.begin(positions);
    MixtureHead head = (MixtureHead) rows.plainHead();
    int patch = p.length / positions;
    for (int i = 0; i < positions; i += GROUP) {
      int size = Math.min(GROUP, positions - i);
      rows.prepareAll(z, 0, i, size);
      rows.run(size);
      rows.readHeads(0, 0, size);
      for (int r = 0; r < size; r++) {
        for (int token = 0; token < patch; token++) {
          head.weights(r, token, p[order.time(i + r) * patch + token]);
        }
      }
    }
  }
}
