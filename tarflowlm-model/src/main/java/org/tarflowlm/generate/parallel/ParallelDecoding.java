package org.tarflowlm.generate.parallel;

import java.util.Arrays;
import java.util.function.Supplier;
import org.tarflowlm.flow.FlowOrder;

/**
 * Decodes one sequence through one flow in blocks, by fixed-point iteration (Jacobi inside a block, Gauss-Seidel from block to block).
 *
 * <p>The inverse of a flow is a triangular system: z_i is a function of u_i and of the z before i. A pass computes a block of positions
 * from guesses at the positions before each. The first position of a block is final at once, because all positions before it are. The
 * next is final if the guess that it was computed from is close to the result, and so on. So a pass finishes at least one position,
 * unless a close call at its start requires earlier positions to become exact first. The next block begins at the first position that is
 * not final, and takes the results there as guesses. The transformer keeps the keys and values of final positions.
 *
 * <p>With a tolerance of 0, close means equal in single precision, which the transformer reads; the result then equals that of the
 * sequential pass bit for bit. With a larger tolerance, a position where a small change could choose another token still waits until
 * nothing changes.
 */
public final class ParallelDecoding {
  /**
   * The size of blocks, and when a position is final.
   *
   * @param window most positions of a block
   * @param least least positions of a block; it has more only while the guesses so far are probably right
   * @param tolerance largest error allowed in a number that the flow reads; 0 for none in single precision
   */
  public record Blocks(int window, int least, double tolerance) {}

  /** A block grows while all guesses in it are right with at least this probability. */
  private static final double LIKELY = 0.5;
  /** A position whose margin from another token, in probability, is smaller waits until nothing changes. */
  private static final double EDGE = 1e-4;
  /** A position whose margin is smaller needs exact values at all positions before it. */
  private static final double CLOSE = 5e-6;
  /** Blocks grow in multiples of this many rows, a size at which matrix products are fast. */
  private static final int UNIT = 4;

  private final Draft draft;
  private final DecodingSpeed speed;
  private final Decoding wanted;
  private final Supplier<Blocks> rules;
  private final int channels;
  private Blocks rule;
  private FlowOrder order;
  /** Whether all results so far equal, in single precision, what steps would have found. */
  private boolean exact;
  /** Place after the last one for which z holds a guess. */
  private int guessed;
  /** Probability, by place, that the guess is right; 1 where a pass computed it. */
  private double[] confidence = new double[0];
  /** Passes since the last measurement. */
  private int passes;

  /**
   * @param rules the block rule, requested once, before the first block
   * @param channels numbers per position
   */
  public ParallelDecoding(Draft draft, DecodingSpeed speed, Decoding wanted, Supplier<Blocks> rules, int channels) {
    this.draft = draft;
    this.speed = speed;
    this.wanted = wanted;
    this.rules = rules;
    this.channels = channels;
  }

  /**
   * Begins a sequence.
   *
   * @param z [positions * channels]; holds the known positions
   * @param known number of known positions, the first in reading order
   * @param exactInput whether the flow's input u is exact
   */
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

  /** Whether to decode the next stretch of positions in blocks; if so, prepares for that. */
  public boolean byBlocks() {
    boolean blocks = speed.byBlocks(wanted);
    if (blocks && rule == null) {
      rule = rules.get();
      draft.prepare();
    }
    return blocks;
  }

  /** Whether the passes since the last measurement, which finished so many positions, make choosing again worthwhile. */
  boolean isHopeless(int positions) {
    return wanted == Decoding.AUTO && DecodingSpeed.isHopeless(passes, positions);
  }

  void measured(boolean byBlocks, long nanos, int positions) {
    speed.measured(byBlocks, nanos, positions, passes);
    passes = 0;
  }

  /** Begins a pass: writes guesses to z and returns the number of positions in the block, which lies in [front, end). */
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

  /** Copies the result for place {@code i} into z; returns the largest change of a number, in single precision. */
  float take(double[] computed, double[] z, int i) {
    int at = order.time(i) * channels;
    float change = 0f;
    for (int c = at; c < at + channels; c++) {
      change = Math.max(change, Math.abs((float) computed[c] - (float) z[c]));
      z[c] = computed[c];
    }
    return change;
  }

  /** Whether a position with this margin might get the wrong token because some position before it is not exact. */
  public boolean isCloseCall(double margin) {
    return !exact && margin < CLOSE;
  }

  /** Records that all results so far have been recomputed and are exact. */
  public void improved() {
    exact = true;
  }

  /** Whether all results so far equal, in single precision, what steps would have found. */
  public boolean isExact() {
    return exact;
  }

  /** Records that a step solved place {@code i}. */
  void found(double[] z, int i) {
    draft.rejects(z, i);
    guessed = i + 1;
  }

  /**
   * Ends a pass: copies the results for the places [front, front + rows) into z. Stops after the first whose token differs from the
   * guess, since later guesses are useless then.
   *
   * @param margins margin of each row from another token, in probability
   * @return the place after the last final one; {@code front} if earlier places must become exact first
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
