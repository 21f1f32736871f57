package org.tarflowlm.flow;

import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.tarflowlm.coupling.Workspace;

/**
 * One flow with its in-token flows on plain arrays, in both directions of the map: z to u (all positions of a sequence are known, so they
 * go through the transformer in groups) and u to z (position by position, all sequences together, or a single one in blocks). Holds caches
 * and scratch arrays: one instance per thread.
 *
 * <p>Positions are numbered in time. A right-to-left flow reads them from the last to the first; position 0 of its transformer is the last
 * position in time.
 */
public final class FlowTransform {
  /** Hears which positions are final. */
  @FunctionalInterface
  public interface PositionListener {
    /** Position {@code time} of z is solved in all sequences; returns whether to continue. */
    boolean solved(double[][] z, int time);
  }

  /** Positions of one sequence that go through the transformer together where all are known, and at most those of a block. */
  public static final int GROUP = 32;
  /** Positions after which parallel decoding is compared with steps again. */
  private static final int STRETCH = 32;
  /** Positions of a block whose guesses are good. */
  private static final int REFINED = 16;
  /** Instead of a position: the listener asked to stop. */
  private static final int ENDED = -1;

  private final int positions;
  private final int channels;
  /** The flow and its in-token flows. */
  private final int flows;
  private final FlowRows rows;
  private final ParallelDecoding parallel;
  private FlowOrder order;
  /** Results of a block, [positions * D]. */
  private final double[] computed;
  /** Places before this one were computed from what stands in z. */
  private int improvedTo;

  /**
   * @param channels D
   * @param sequences sequences that are inverted together, at most
   * @param positions length of the sequences
   * @param filter reshapes the Mix-d weights of all positions, or of those given by {@link #filterOnly}
   */
  public FlowTransform(FlowWeights weights, int channels, int sequences, int positions, TokenFilter filter, Workspace workspace) {
    this(weights, channels, sequences, positions, filter, workspace, null);
  }

  /**
   * For one or more sequences whose inverse may go by blocks.
   *
   * @param parallel how; null for steps only
   */
  public FlowTransform(FlowWeights weights, int channels, int sequences, int positions, TokenFilter filter, Workspace workspace,
      ParallelDecoding parallel) {
    this.channels = channels;
    flows = weights.count();
    this.positions = positions;
    this.parallel = sequences == 1 ? parallel : null;
    int most = Math.max(sequences, Math.min(GROUP, positions));
    int parts = this.parallel == null ? 1 : parallel.parts();
    rows = new FlowRows(weights, channels, sequences, positions, most, parts, filter, workspace);
    computed = new double[this.parallel == null ? 0 : positions * channels];
  }

  /** Stretches of that many positions. */
  static int stretches(int positions) {
    return (positions + STRETCH - 1) / STRETCH;
  }

  /** Uses the filter at the positions [from, to) in time only: known text is read by the model as it is. */
  public void filterOnly(int from, int to) {
    rows.filterOnly(from, to);
  }

  /** Solves all positions of {@code count} sequences: reads u[b], fills z[b], each [positions * D]. */
  public void inverse(double[][] u, double[][] z, int count) {
    inverse(u, z, count, 0, positions, null, null);
  }

  /**
   * Solves the positions [from, to) in time. What the flow reads before them must stand in z already: the positions before
   * {@code from} of a left-to-right flow, those from {@code to} on of a right-to-left one.
   *
   * @param listener receives every position, in the flow's reading order, and may end the pass; or null
   * @param exactInput makes u exact and says whether it changed; null where u is exact
   */
  public void inverse(double[][] u, double[][] z, int count, int from, int to, PositionListener listener, BooleanSupplier exactInput) {
    order = rows.begin(positions);
    int first = order.first(from, to);
    int end = first + to - from;
    for (int b = 0; b < count; b++) {
      readGroups(z, b, 0, first);
    }
    if (parallel == null) {
      steps(u, z, count, first, first, end, listener, exactInput);
      return;
    }
    parallel.begin(z[0], first, order, exactInput == null);
    improvedTo = first;
    for (int i = first; i < end;) {
      int stretch = Math.min(end, i + STRETCH);
      boolean byBlocks = parallel.byBlocks();
      long start = System.nanoTime();
      int next = byBlocks ? blocks(u[0], z, first, i, stretch, end, listener, exactInput)
          : steps(u, z, 1, first, i, stretch, listener, exactInput);
      if (next == ENDED) {
        return;
      }
      parallel.measured(byBlocks, System.nanoTime() - start, next - i);
      i = next;
    }
    parallel.end();
  }

  /** Whether the last inverse is what steps would have given, as far as single precision tells. */
  public boolean isExact() {
    return parallel == null || parallel.isExact();
  }

  /** Solves the places [from, to), one after another; returns the place after the last one, or {@link #ENDED}. */
  private int steps(double[][] u, double[][] z, int count, int first, int from, int to, PositionListener listener,
      BooleanSupplier exactInput) {
    for (int i = from; i < to; i++) {
      int time = order.time(i);
      step(u, z, count, i);
      if (parallel != null) {
        if (parallel.isCloseCall(rows.margins()[0])) {
          improve(u[0], z[0], first, i, exactInput);
          step(u, z, count, i);
        }
        parallel.found(z[0], i);
      }
      if (listener != null && !listener.solved(z, time)) {
        return ENDED;
      }
    }
    return to;
  }

  private void step(double[][] u, double[][] z, int count, int i) {
    for (int b = 0; b < count; b++) {
      rows.prepare(b, z[b], b, i);
    }
    rows.step(u, z, count, order.time(i));
  }

  /**
   * Solves the places [from, to) of a single sequence in blocks that look ahead as far as {@code end}; returns the place after the last
   * one that is final, or {@link #ENDED}.
   */
  private int blocks(double[] u, double[][] z, int first, int from, int to, int end, PositionListener listener,
      BooleanSupplier exactInput) {
    int front = from;
    while (front < to) {
      int size = parallel.block(u, z[0], front, end);
      rows.block(u, z[0], computed, front, size);
      int settled = parallel.settle(computed, rows.margins(), z[0], front, size);
      if (settled == front) {
        improve(u, z[0], first, front, exactInput);
      }
      for (int i = front; i < settled; i++) {
        if (listener != null && !listener.solved(z, order.time(i))) {
          return ENDED;
        }
      }
      front = settled;
    }
    return front;
  }

  /** Computes the places before {@code to} once more, from a better u and what stands in z, which is better than what was guessed. */
  private void improve(double[] u, double[] z, int first, int to, BooleanSupplier exactInput) {
    if (exactInput != null && exactInput.getAsBoolean()) {
      improvedTo = first;
    }
    refine(u, z, improvedTo, to);
    improvedTo = to;
    parallel.improved();
  }

  /** All positions [from, to) in time of a sequence that was inverted before, once more from what stands in z. */
  public void improve(double[] u, double[] z, int from, int to) {
    order = rows.begin(positions);
    int first = order.first(from, to);
    refine(u, z, first, first + to - from);
    parallel.improved();
  }

  /** Solves the places [from, to) of a single sequence to the last bit, in blocks, from guesses in z that are good already. */
  private void refine(double[] u, double[] z, int from, int to) {
    for (int front = from; front < to;) {
      int size = Math.min(REFINED, to - front);
      rows.block(u, z, computed, front, size);
      int settled = front + 1;
      for (int i = front; i < front + size; i++) {
        boolean same = parallel.take(computed, z, i) == 0f;
        settled = same && settled == i + 1 ? Math.min(i + 2, front + size) : settled;
      }
      front = settled;
    }
  }

  /** All positions of one sequence from u, each with {@code read} instead of what was found before it. */
  void sweep(double[] u, double[] read, double[] z) {
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
   * @param levels filled with their outputs; those but the last may be null
   * @return their log-determinants
   */
  public double[] forward(double[] z, double[][] levels) {
    return forward(z, levels, 0, z.length / channels);
  }

  /** Maps the positions [from, to) in time, given z everywhere before them in the flow's reading order; returns their log-determinant. */
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
   * The weights of a Mix-d flow for one sequence z.
   *
   * @param p [tokens][K], filled: probabilities of the components of each token, given the positions before its own
   */
  void weights(double[] z, double[][] p) {
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

  private void readGroups(double[][] z, int b, int from, int to) {
    for (int i = from; i < to; i += GROUP) {
      int size = Math.min(GROUP, to - i);
      rows.prepareAll(z[b], b, i, size);
      rows.run(size);
    }
  }
}
