package org.tarflowlm.flow;

import java.util.Arrays;
import java.util.function.Supplier;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.kernel.Parallel;

/**
 * Runs one flow on rows. A row is one position of one sequence: the transformer reads what precedes it and gives the features for its
 * coupling. This class holds caches and scratch arrays and is not thread-safe.
 */
final class FlowRows {
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
  /** The channels below firstChannel that rows read of their own and later tokens; null if firstChannel is 0. */
  private final float[] ahead;
  private final float[] embeddedAhead;
  private final float[] features;
  /** For each row: its u, its z, their start index and its margin in the last inverse. */
  private final double[][] rowU;
  private final double[][] rowZ;
  private final int[] at;
  private final double[] margins;
  /** Index in a position of z of each channel that the transformer reads; null if they are in order. */
  private final int[] channelOrder;

  /**
   * @param channels D
   * @param sequences most sequences in the cache
   * @param positions length of the sequences
   * @param rows most rows in a call
   * @param parts most parts of a call that run in parallel
   * @param filter reshapes the Mix-d weights of all positions, or of those given by {@link #filterOnly}
   */
  FlowRows(FlowWeights weights, int channels, int sequences, int positions, int rows, int parts, TokenFilter filter,
      Workspace workspace, Supplier<TokenMargin> tokenMargin) {
    this.weights = weights;
    this.channels = channels;
    this.positions = positions;
    this.parts = parts;
    heads = new CouplingHead[parts];
    filteredHeads = new CouplingHead[parts];
    for (int p = 0; p < parts; p++) {
      Workspace own = p == 0 ? workspace : new Workspace();
      heads[p] = weights.head(TokenFilter.NONE, own, tokenMargin.get());
      filteredHeads[p] = filter == TokenFilter.NONE ? heads[p] : weights.head(filter, own, tokenMargin.get());
    }
    filteredTo = positions;
    transformer = new CachedTransformer(weights.transformer(), sequences, rows, positions, parts);
    sequence = new int[rows];
    place = new int[rows];
    input = new float[rows * weights.input().in()];
    ahead = weights.look() == null ? null : new float[rows * weights.look().in()];
    embeddedAhead = ahead == null ? null : new float[rows * weights.transformer().width];
    embedded = new float[rows * weights.transformer().width];
    features = new float[rows * weights.transformer().width];
    rowU = new double[rows][];
    rowZ = new double[rows][];
    at = new int[rows];
    margins = new double[rows];
    channelOrder = weights.channelOrder();
  }

  void filterOnly(int from, int to) {
    filteredFrom = from;
    filteredTo = to;
  }

  /** Starts sequences of {@code length} positions; returns their reading order. */
  FlowOrder begin(int length) {
    order = new FlowOrder(weights.leftToRight(), length);
    return order;
  }

  /** Prepares row r of the next call for place {@code i} of sequence b. */
  void prepare(int r, double[] z, int b, int i) {
    sequence[r] = b;
    place[r] = i;
    if (i > 0) {
      int from = order.time(i - 1) * channels;
      int count = weights.input().in();
      for (int c = 0; c < count; c++) {
        input[r * count + c] = (float) z[from + (channelOrder == null ? c : channelOrder[c])];
      }
    }
    if (ahead != null) {
      lookAhead(r, z, i);
    }
  }

  /** Reads the channels below firstChannel at a place and at the places ahead; zeros after the last place. */
  private void lookAhead(int r, double[] z, int i) {
    int known = weights.spec().firstChannel();
    for (int k = 0; k <= weights.spec().lookAhead(); k++) {
      int at = r * weights.look().in() + k * known;
      for (int c = 0; c < known; c++) {
        ahead[at + c] = i + k < order.length() ? (float) z[order.time(i + k) * channels + c] : 0f;
      }
    }
  }

  /** Copies the channels that a partial flow does not change, at the positions [from, to) in time. */
  void passThrough(double[] u, double[] z, int from, int to) {
    FlowSpec spec = weights.spec();
    for (int t = from; t < to && spec.isPartial(); t++) {
      System.arraycopy(u, t * channels, z, t * channels, spec.firstChannel());
      int end = spec.endChannel(channels);
      System.arraycopy(u, t * channels + end, z, t * channels + end, channels - end);
    }
  }

  /** Prepares {@code rows} consecutive places from {@code i} on of sequence b. */
  void prepareAll(double[] z, int b, int i, int rows) {
    for (int r = 0; r < rows; r++) {
      prepare(r, z, b, i + r);
    }
  }

  /** Runs the transformer on the prepared rows. */
  void run(int rows) {
    transformer.begin();
    runPart(0, 0, rows);
  }

  private void runPart(int part, int from, int to) {
    weights.input().run(input, from, to, embedded);
    if (ahead != null) {
      weights.look().run(ahead, from, to, embeddedAhead);
    }
    transformer.run(part, from, to, sequence, place, embedded, embeddedAhead, features);
  }

  /** Gives the heads the features of the rows [from, to), after the transformer has run. */
  void readHeads(int part, int from, int to) {
    heads[part].read(features, from, to);
    if (filteredHeads[part] != heads[part]) {
      filteredHeads[part].read(features, from, to);
    }
  }

  /** A part's head for a position in time, with the filter where it applies. */
  CouplingHead head(int time, int part) {
    return order.length() == positions && time >= filteredFrom && time < filteredTo ? filteredHeads[part] : heads[part];
  }

  /** Solves one position of sequences 0 to {@code count} - 1, whose rows are prepared, and writes it to z. */
  void step(double[][] u, double[][] z, int count, int time) {
    run(count);
    CouplingHead chosen = head(time, 0);
    chosen.read(features, 0, count);
    Arrays.fill(at, 0, count, time * channels);
    chosen.inverse(0, count, u, z, at);
    margins[0] = chosen.margin(0);
  }

  /** Solves the places [first, first + rows) of one sequence in parallel, given {@code read} before them, and writes them to z. */
  void block(double[] u, double[] read, double[] z, int first, int rows) {
    prepareAll(read, 0, first, rows);
    int used = Math.min(parts, rows);
    transformer.begin();
    Parallel.run(used, part -> {
      int from = rows * part / used;
      int to = rows * (part + 1) / used;
      runPart(part, from, to);
      readHeads(part, from, to);
      inverse(u, z, first, from, to, part);
    });
  }

  /** Inverts the rows [from, to), whose features the heads have read; consecutive rows with the same head share a call. */
  private void inverse(double[] u, double[] z, int place0, int from, int to, int part) {
    for (int r = from; r < to; r++) {
      rowU[r] = u;
      rowZ[r] = z;
      at[r] = order.time(place0 + r) * channels;
    }
    for (int first = from; first < to;) {
      CouplingHead chosen = head(order.time(place0 + first), part);
      int end = first + 1;
      while (end < to && head(order.time(place0 + end), part) == chosen) {
        end++;
      }
      chosen.inverse(first, end, rowU, rowZ, at);
      for (; first < end; first++) {
        margins[first] = chosen.margin(first);
      }
    }
  }

  /** Maps row r, at position {@code time} of z, with {@link CouplingHead#forward}; {@link #readHeads} comes first. */
  void forward(int r, double[] z, double[][] u, int time, double[] logDets) {
    head(time, 0).forward(r, z, u, time * channels, logDets);
  }

  /** {@link CouplingHead#margin} for each row of the last block, or for row 0 of the last step. */
  double[] margins() {
    return margins;
  }

  /** The first part's head without a filter. */
  CouplingHead plainHead() {
    return heads[0];
  }
}
