package org.tarflowlm.flow;

import java.util.Arrays;
import java.util.function.Supplier;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.kernel.Parallel;

/**
 * One flow on rows: a row is one position of one sequence, and goes from what the flow reads before it through the transformer to the
 * coupling. Holds caches and scratch arrays: one caller at a time.
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
  /** Of a partial flow, what its rows know of the tokens ahead; else null. */
  private final float[] ahead;
  private final float[] embeddedAhead;
  private final float[] features;
  /** By row: from where to where it is inverted, and how far it then is from another token. */
  private final double[][] rowU;
  private final double[][] rowZ;
  private final int[] at;
  private final double[] margins;
  /** Where the channels of the transformer's input stand in a position of z; null where they are in order. */
  private final int[] channelOrder;

  /**
   * @param channels D
   * @param sequences sequences that are remembered, at most
   * @param positions length of the sequences
   * @param rows rows of a call, at most
   * @param parts parts of a call that may be computed side by side
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

  /** Sequences of {@code length} positions from now on; returns the order in which they are read. */
  FlowOrder begin(int length) {
    order = new FlowOrder(weights.leftToRight(), length);
    return order;
  }

  /** Row r of the next call: place {@code i} of sequence b. */
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

  /** The channels before the flow's own, of a place and of those after it; zeros after the last place. */
  private void lookAhead(int r, double[] z, int i) {
    int known = weights.spec().firstChannel();
    for (int k = 0; k <= weights.spec().lookAhead(); k++) {
      int at = r * weights.look().in() + k * known;
      for (int c = 0; c < known; c++) {
        ahead[at + c] = i + k < order.length() ? (float) z[order.time(i + k) * channels + c] : 0f;
      }
    }
  }

  /** Copies the channels that a partial flow leaves as they are, at the positions [from, to) in time. */
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

  /** Takes the prepared rows through the transformer. */
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

  /** Reads the heads of the rows [from, to), which went through the transformer. */
  void readHeads(int part, int from, int to) {
    heads[part].read(features, from, to);
    if (filteredHeads[part] != heads[part]) {
      filteredHeads[part].read(features, from, to);
    }
  }

  /** The head of a position in time; of the first part unless many rows are computed at once. */
  CouplingHead head(int time, int part) {
    return order.length() == positions && time >= filteredFrom && time < filteredTo ? filteredHeads[part] : heads[part];
  }

  /** One step: the prepared rows, of the same position of sequences 0 to {@code count} - 1, from input to z. */
  void step(double[][] u, double[][] z, int count, int time) {
    run(count);
    CouplingHead chosen = head(time, 0);
    chosen.read(features, 0, count);
    Arrays.fill(at, 0, count, time * channels);
    chosen.inverse(0, count, u, z, at);
    margins[0] = chosen.margin(0);
  }

  /** The places [first, first + rows) of the first sequence, from what is read in {@code read} to z, on the machine's cores. */
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

  /** The rows [from, to), whose heads have been read; those of one head go together. */
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

  /** Row r of z, at a position in time, to noise, as {@link CouplingHead#forward} does it. The row's head has been read. */
  void forward(int r, double[] z, double[][] u, int time, double[] logDets) {
    head(time, 0).forward(r, z, u, time * channels, logDets);
  }

  /** By row of the last step (row 0 only) or block, {@link CouplingHead#margin}. */
  double[] margins() {
    return margins;
  }

  /** The first head, where there is no filter. */
  CouplingHead plainHead() {
    return heads[0];
  }
}
