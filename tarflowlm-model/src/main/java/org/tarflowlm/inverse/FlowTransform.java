package org.tarflowlm.inverse;

import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.kernel.Parallel;

/**
 * One flow on plain arrays, in both directions of the map: z to u (all positions of a sequence are known, so they go through the
 * transformer in groups) and u to z (position by position, all sequences together). Holds caches and scratch arrays: one
 * instance a thread.
 *
 * <p>Positions are numbered in time. A right-to-left flow reads them from the last to the first; position 0 of its transformer is the
 * last position in time.
 */
final class FlowTransform {
  /** Hears which positions are final. */
  @FunctionalInterface
  interface PositionListener {
    /** Position {@code time} of z is solved in all sequences; returns whether to go on. */
    boolean solved(double[][] z, int time);
  }

  /** Positions of one sequence that go through the transformer together where all are known, and at most those of a block. */
  static final int GROUP = 32;
  /** Positions after which parallel decoding is compared with steps again. */
  private static final int STRETCH = 32;
  /** In place of a position: the listener has heard enough. */
  private static final int ENDED = -1;

  private final FlowWeights weights;
  private final CouplingHead[] heads;
  private final CouplingHead[] filteredHeads;
  private final CachedTransformer transformer;
  private final int positions;
  private final int channels;
  private final int parts;
  private FlowOrder order;
  private int filteredFrom;
  private int filteredTo;
  private final int[] sequence;
  private final int[] place;
  private final float[] input;
  private final float[] embedded;
  private final float[] features;
  private final ParallelDecoding parallel;
  /** What a block computes, [positions * D]. */
  private final double[] computed;

  /**
   * @param channels D
   * @param sequences sequences that are inverted together, at most
   * @param positions length of the sequences
   * @param filter reshapes the Mix-d weights of all positions, or of those given by {@link #filterOnly}
   */
  FlowTransform(FlowWeights weights, int channels, int sequences, int positions, TokenFilter filter, Workspace workspace) {
    this(weights, channels, sequences, positions, filter, workspace, null);
  }

  /**
   * The same for a single sequence, or several, whose inverse may go by blocks.
   *
   * @param parallel how; null for steps only
   */
  FlowTransform(FlowWeights weights, int channels, int sequences, int positions, TokenFilter filter, Workspace workspace,
      ParallelDecoding parallel) {
    this.weights = weights;
    this.channels = channels;
    this.positions = positions;
    this.parallel = sequences == 1 ? parallel : null;
    parts = this.parallel == null ? 1 : parallel.parts();
    heads = new CouplingHead[parts];
    filteredHeads = new CouplingHead[parts];
    for (int p = 0; p < parts; p++) {
      Workspace own = p == 0 ? workspace : new Workspace();
      heads[p] = weights.head(TokenFilter.NONE, own);
      filteredHeads[p] = filter == TokenFilter.NONE ? heads[p] : weights.head(filter, own);
    }
    filteredTo = positions;
    int rows = Math.max(sequences, Math.min(GROUP, positions));
    transformer = new CachedTransformer(weights.transformer(), sequences, rows, positions, parts);
    sequence = new int[rows];
    place = new int[rows];
    computed = new double[this.parallel == null ? 0 : positions * channels];
    input = new float[rows * channels];
    embedded = new float[rows * weights.transformer().width];
    features = new float[rows * weights.transformer().width];
  }

  /** Uses the filter at the positions [from, to) in time only: known text is read by the model as it is. */
  void filterOnly(int from, int to) {
    filteredFrom = from;
    filteredTo = to;
  }

  /** Solves all positions of {@code count} sequences: reads u[b], fills z[b], each [positions * D]. */
  void inverse(double[][] u, double[][] z, int count) {
    inverse(u, z, count, 0, positions, null);
  }

  /**
   * Solves the positions [from, to) in time. What the flow reads before them must stand in z already: the positions before
   * {@code from} of a left-to-right flow, those from {@code to} on of a right-to-left one.
   *
   * @param listener hears of every position, in the flow's reading order, and may end the pass; or null
   */
  void inverse(double[][] u, double[][] z, int count, int from, int to, PositionListener listener) {
    order = new FlowOrder(weights.leftToRight(), positions);
    int first = order.first(from, to);
    int end = first + to - from;
    for (int b = 0; b < count; b++) {
      readGroups(z, b, 0, first);
    }
    if (parallel == null) {
      steps(u, z, count, first, end, listener);
      return;
    }
    parallel.begin(z[0], first, order);
    for (int i = first; i < end;) {
      int stretch = Math.min(end, i + STRETCH);
      boolean byBlocks = parallel.byBlocks();
      long start = System.nanoTime();
      int next = byBlocks ? blocks(u[0], z, i, stretch, end, listener) : steps(u, z, 1, i, stretch, listener);
      if (next == ENDED) {
        return;
      }
      parallel.measured(byBlocks, System.nanoTime() - start, next - i);
      i = next;
    }
    parallel.end();
  }

  /** Solves the places [from, to), one after another; returns the place after the last one, or {@link #ENDED}. */
  private int steps(double[][] u, double[][] z, int count, int from, int to, PositionListener listener) {
    for (int i = from; i < to; i++) {
      for (int b = 0; b < count; b++) {
        prepare(b, z[b], b, i);
      }
      runTransformer(count, 1);
      int time = order.time(i);
      CouplingHead chosen = head(time, 0);
      chosen.read(features, 0, count);
      for (int b = 0; b < count; b++) {
        chosen.inverse(b, u[b], z[b], time * channels);
      }
      if (parallel != null) {
        parallel.found(z[0], i);
      }
      if (listener != null && !listener.solved(z, time)) {
        return ENDED;
      }
    }
    return to;
  }

  /**
   * Solves the places [from, to) of a single sequence in blocks that look ahead as far as {@code end}; returns the place after the last
   * one that is final, or {@link #ENDED}.
   */
  private int blocks(double[] u, double[][] z, int from, int to, int end, PositionListener listener) {
    int front = from;
    while (front < to) {
      int rows = Math.min(end - front, parallel.window());
      parallel.guess(u, z[0], front + rows);
      for (int r = 0; r < rows; r++) {
        prepare(r, z[0], 0, front + r);
      }
      int used = Math.min(parts, rows);
      runTransformer(rows, used);
      if (used > 1) {
        int first = front;
        Parallel.run(used, part -> {
          readHeads(part, rows * part / used, rows * (part + 1) / used);
          inverseRows(u, first, rows * part / used, rows * (part + 1) / used, part);
        });
      } else {
        readHeads(0, 0, rows);
      }
      int settled = front + 1;
      for (int i = front; i < front + rows && parallel.standsAt(i); i++) {
        if (used == 1) {
          inverseRows(u, front, i - front, i - front + 1, 0);
        }
        boolean same = parallel.replace(computed, z[0], order.time(i) * channels, channels, i);
        settled = same && settled == i + 1 ? Math.min(i + 2, front + rows) : settled;
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

  /** The rows [from, to) of a block that begins at place {@code front}; their features have been read. */
  private void inverseRows(double[] u, int front, int from, int to, int part) {
    for (int r = from; r < to; r++) {
      int time = order.time(front + r);
      head(time, part).inverse(r, u, computed, time * channels);
    }
  }

  /**
   * Maps one sequence z to u, of the same length; returns log |det du/dz| in nats. The sequence may have fewer positions than the
   * instance was made for; then no filter is used.
   */
  double forward(double[] z, double[] u) {
    return forward(z, u, 0, z.length / channels);
  }

  /** Maps the positions [from, to) in time, given z everywhere before them in the flow's reading order; returns their log-determinant. */
  double forward(double[] z, double[] u, int from, int to) {
    order = new FlowOrder(weights.leftToRight(), z.length / channels);
    int first = order.first(from, to);
    int end = first + to - from;
    double logDet = 0.0;
    for (int i = 0; i < end; i += GROUP) {
      int rows = Math.min(GROUP, end - i);
      features(z, 0, i, rows);
      readHeads(0, 0, rows);
      for (int r = Math.max(0, first - i); r < rows; r++) {
        int time = order.time(i + r);
        logDet += head(time, 0).forward(r, z, u, time * channels);
      }
    }
    return logDet;
  }

  private void readGroups(double[][] z, int b, int from, int to) {
    for (int i = from; i < to; i += GROUP) {
      features(z[b], b, i, Math.min(GROUP, to - i));
    }
  }

  /** Features of {@code rows} consecutive positions, from place {@code i} on, of sequence {@code b}. */
  private void features(double[] z, int b, int i, int rows) {
    for (int r = 0; r < rows; r++) {
      prepare(r, z, b, i + r);
    }
    runTransformer(rows, 1);
  }

  private void runTransformer(int rows, int used) {
    weights.input().run(input, rows, embedded);
    transformer.run(rows, used, sequence, place, embedded, features);
  }

  private void readHeads(int part, int from, int to) {
    heads[part].read(features, from, to);
    if (filteredHeads[part] != heads[part]) {
      filteredHeads[part].read(features, from, to);
    }
  }

  /** Row r of the transformer's next call: place {@code i} of sequence b. */
  private void prepare(int r, double[] z, int b, int i) {
    sequence[r] = b;
    place[r] = i;
    if (i > 0) {
      int at = order.time(i - 1) * channels;
      for (int c = 0; c < channels; c++) {
        input[r * channels + c] = (float) z[at + c];
      }
    }
  }

  private CouplingHead head(int time, int part) {
    return order.length() == positions && time >= filteredFrom && time < filteredTo ? filteredHeads[part] : heads[part];
  }
}
