package org.tarflowlm.generate.parallel;

import java.util.Arrays;
import java.util.function.Supplier;
import org.tarflowlm.flow.FlowOrder;

/**
 * Fixed-point decoding of one sequence through one flow, in blocks (Jacobi inside a block, Gauss-Seidel from block to block).
 *
 * <p>The inverse of a flow is a triangular system: z_i is a function of u_i and of z before i. A pass computes a block of positions
 * from guesses of the ones before them. The first of the block is final at once, since everything before it is; the next one too if the
 * guess that it was computed from is close to what was found, and so on. So every pass finishes at least one position. Unfinished
 * positions serve as guesses of the next pass, whose block begins at the first position that is not final; keys and values of final
 * positions stay.
 *
 * <p>With a tolerance of 0, close is equal as the transformer reads it, in single precision, and the result is that of the sequential
 * pass to the last bit. Otherwise a position that a little change might turn into another token is still waited for until nothing
 * changes.
 */
public final class ParallelDecoding {
  /**
   * How the blocks are made and when a position of one is final.
   *
   * @param window positions of a block, at most
   * @param least a block has at least so many; more only as long as it is likely that the guesses before are right
   * @param tolerance what a flow reads may differ from what it should read by this much; 0 for not at all in single precision
   */
  public record Blocks(int window, int least, double tolerance) {}

  /** A position is computed if the guesses before it are all right with at least this probability. */
  private static final double LIKELY = 0.5;
  /** A position from which another token is not further than this, in probability, is waited for until nothing changes. */
  private static final double EDGE = 1e-4;
  /** For a position that is not further than this from another token, all that it was computed from is made exact first. */
  private static final double CLOSE = 5e-6;
  /** Rows of a block are a multiple of this: the parts of one then are of sizes that products are good at. */
  private static final int UNIT = 4;

  private final Draft draft;
  private final DecodingSpeed speed;
  private final Decoding wanted;
  private final Supplier<Blocks> rules;
  private final int channels;
  private Blocks rule;
  private FlowOrder order;
  /** Whether all that was found so far is what steps would have found, as far as single precision tells. */
  private boolean exact;
  /** Place after the last position for which a guess stands in z. */
  private int guessed;
  /** By place: how probable it is that the guess there is right; 1 for what was computed from right ones. */
  private double[] confidence = new double[0];
  /** Since the last measurement. */
  private int passes;

  /**
   * @param rules requested once, at the first block
   * @param channels numbers of a position
   */
  public ParallelDecoding(Draft draft, DecodingSpeed speed, Decoding wanted, Supplier<Blocks> rules, int channels) {
    this.draft = draft;
    this.speed = speed;
    this.wanted = wanted;
    this.rules = rules;
    this.channels = channels;
  }

  public void begin(double[] z, int known, FlowOrder readingOrder, boolean exactInput) {
    exact = exactInput;
    order = readingOrder;
    draft.begin(z, known, order);
    guessed = known;
    passes = 0;
    if (confidence.length < order.length()) {
      confidence = new double[order.length()];
    }
    Arrays.fill(confidence, 1.0);
  }

  /** Whether the next stretch of positions should go by blocks; if so, all is there for it. */
  public boolean byBlocks() {
    boolean blocks = speed.byBlocks(wanted);
    if (blocks && rule == null) {
      rule = rules.get();
      draft.prepare();
    }
    return blocks;
  }

  void measured(boolean byBlocks, long nanos, int positions) {
    speed.measured(byBlocks, nanos, positions, passes);
    passes = 0;
  }

  /** Begins a pass: makes guesses stand in z; returns how many positions the block has, from place {@code front}, before {@code end}. */
  public int block(double[] u, double[] z, int front, int end) {
    passes++;
    int most = Math.min(end - front, rule.window());
    double likely = 1.0;
    int rows = 0;
    for (; rows < most && (rows < rule.least() || likely >= LIKELY || rows % UNIT != 0); rows++) {
      int i = front + rows;
      if (i == guessed) {
        confidence[i] = draft.guess(u, z, i);
        guessed++;
      }
      likely *= confidence[i];
    }
    return rows;
  }

  /** Copies the result for position {@code i} into z; returns the largest change of a number, in single precision. */
  float take(double[] computed, double[] z, int i) {
    int at = order.time(i) * channels;
    float change = 0f;
    for (int c = at; c < at + channels; c++) {
      change = Math.max(change, Math.abs((float) computed[c] - (float) z[c]));
      z[c] = computed[c];
    }
    return change;
  }

  /** Whether a position that far from another token might be mistaken for it, because something before it is not exact. */
  public boolean isCloseCall(double margin) {
    return !exact && margin < CLOSE;
  }

  /** All that was found so far was computed again, from better guesses than any before. */
  public void improved() {
    exact = true;
  }

  public boolean isExact() {
    return exact;
  }

  /** Place {@code i} was found by a single step. */
  void found(double[] z, int i) {
    draft.rejects(z, i);
    guessed = i + 1;
  }

  /**
   * Ends a pass: what was computed of the places [front, front + rows) replaces what stands in z, up to the first of another token,
   * after which guesses are worthless.
   *
   * @param margins the distance of each row from another token
   * @return the place after the last one that is final; {@code front} if even that has to be made exact first
   */
  public int accept(double[] computed, double[] margins, double[] z, int front, int rows) {
    if (isCloseCall(margins[0])) {
      return front;
    }
    int accepted = front + 1;
    boolean close = true;
    boolean same = true;
    for (int i = front; i < front + rows && i < guessed; i++) {
      if (i == accepted && close && (same ? !isCloseCall(margins[i - front]) : margins[i - front] >= EDGE)) {
        accepted = i + 1;
        exact &= same;
      }
      float change = take(computed, z, i);
      close &= change <= rule.tolerance();
      same &= change == 0f;
      confidence[i] = 1.0;
      if (change > 0f && draft.rejects(z, i)) {
        guessed = i + 1;
      }
    }
    return accepted;
  }

  void end() {
    draft.end();
  }
}
