package org.tarflowlm.inverse;

import org.tarflowlm.coupling.Workspace;

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

  /** Positions of one sequence that go through the transformer together where all are known. */
  private static final int GROUP = 32;

  private final FlowWeights weights;
  private final CouplingHead head;
  private final CouplingHead filteredHead;
  private final CachedTransformer transformer;
  private final int positions;
  private final int channels;
  /** Length of the sequences of the present call. */
  private int length;
  private int filteredFrom;
  private int filteredTo;
  private final int[] sequence;
  private final int[] order;
  private final float[] input;
  private final float[][] embedded;
  private final float[][] features;

  /**
   * @param channels D
   * @param sequences sequences that are inverted together, at most
   * @param positions length of the sequences
   * @param filter reshapes the Mix-d weights of all positions, or of those given by {@link #filterOnly}
   */
  FlowTransform(FlowWeights weights, int channels, int sequences, int positions, TokenFilter filter, Workspace workspace) {
    this.weights = weights;
    this.channels = channels;
    this.positions = positions;
    head = weights.head(TokenFilter.NONE, workspace);
    filteredHead = filter == TokenFilter.NONE ? head : weights.head(filter, workspace);
    filteredTo = positions;
    int rows = Math.max(sequences, Math.min(GROUP, positions));
    transformer = new CachedTransformer(weights.transformer(), sequences, rows, positions);
    sequence = new int[rows];
    order = new int[rows];
    input = new float[channels];
    embedded = new float[rows][weights.transformer().width];
    features = new float[rows][weights.transformer().width];
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
    length = positions;
    int first = firstInOrder(from, to);
    for (int b = 0; b < count; b++) {
      readGroups(z, b, 0, first);
    }
    for (int i = first; i < first + to - from; i++) {
      for (int b = 0; b < count; b++) {
        prepare(b, z[b], b, i);
      }
      transformer.run(count, sequence, order, embedded, features);
      int time = time(i);
      CouplingHead chosen = head(time);
      for (int b = 0; b < count; b++) {
        chosen.inverse(features[b], u[b], z[b], time * channels);
      }
      if (listener != null && !listener.solved(z, time)) {
        return;
      }
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
    length = z.length / channels;
    int first = firstInOrder(from, to);
    int end = first + to - from;
    double logDet = 0.0;
    for (int i = 0; i < end; i += GROUP) {
      int rows = Math.min(GROUP, end - i);
      features(z, 0, i, rows);
      for (int r = Math.max(0, first - i); r < rows; r++) {
        int time = time(i + r);
        logDet += head(time).forward(features[r], z, u, time * channels);
      }
    }
    return logDet;
  }

  private void readGroups(double[][] z, int b, int from, int to) {
    for (int i = from; i < to; i += GROUP) {
      features(z[b], b, i, Math.min(GROUP, to - i));
    }
  }

  /** Features of {@code rows} consecutive positions, from reading order {@code i} on, of sequence {@code b}. */
  private void features(double[] z, int b, int i, int rows) {
    for (int r = 0; r < rows; r++) {
      prepare(r, z, b, i + r);
    }
    transformer.run(rows, sequence, order, embedded, features);
  }

  /** Row r of the transformer's next call: position {@code i} in reading order of sequence b. */
  private void prepare(int r, double[] z, int b, int i) {
    sequence[r] = b;
    order[r] = i;
    if (i > 0) {
      int at = time(i - 1) * channels;
      for (int c = 0; c < channels; c++) {
        input[c] = (float) z[at + c];
      }
      weights.input().apply(input, embedded[r]);
    }
  }

  private CouplingHead head(int time) {
    return length == positions && time >= filteredFrom && time < filteredTo ? filteredHead : head;
  }

  /** Place in the reading order of the first position read of [from, to). */
  private int firstInOrder(int from, int to) {
    return weights.leftToRight() ? from : length - to;
  }

  private int time(int i) {
    return weights.leftToRight() ? i : length - 1 - i;
  }
}
