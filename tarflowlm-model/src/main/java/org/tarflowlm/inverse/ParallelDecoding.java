package org.tarflowlm.inverse;

/**
 * Fixed-point decoding of one sequence through one flow, in blocks (Jacobi inside a block, Gauss-Seidel from block to block).
 *
 * <p>The inverse of a flow is a triangular system: z_i is a function of u_i and of z before i. A pass computes a block of positions
 * from guesses of the ones before them. The first of the block is final at once, since everything before it is; the next one too if the
 * guess that it was computed from equals what was found, as the transformer reads it (in single precision), and so on: the stopping
 * rule is a change of exactly nothing. So every pass settles at least one position, and the result is that of the sequential pass to
 * the last bit. What is not settled serves as guess of the next pass, whose block begins at the first position that is not final;
 * keys and values of final positions stay.
 */
final class ParallelDecoding {
  private final Draft draft;
  private final DecodingPace pace;
  private final Decoding wanted;
  private final int window;
  private final int parts;
  /** Place after the last position for which a guess stands in z. */
  private int guessed;
  /** Since the last measurement. */
  private int passes;

  /**
   * @param window positions of a block
   * @param parts parts of a block that are computed side by side
   */
  ParallelDecoding(Draft draft, DecodingPace pace, Decoding wanted, int window, int parts) {
    this.draft = draft;
    this.pace = pace;
    this.wanted = wanted;
    this.window = window;
    this.parts = parts;
  }

  int window() {
    return window;
  }

  int parts() {
    return parts;
  }

  void begin(double[] z, int known, FlowOrder order) {
    draft.begin(z, known, order);
    guessed = known;
    passes = 0;
  }

  /** Whether the next stretch of positions should go by blocks. */
  boolean byBlocks() {
    return pace.byBlocks(wanted);
  }

  void measured(boolean byBlocks, long nanos, int positions) {
    pace.measured(byBlocks, nanos, positions, passes);
    passes = 0;
  }

  /** Begins a pass: makes guesses stand in z up to place {@code to}. */
  void guess(double[] u, double[] z, int to) {
    passes++;
    for (; guessed < to; guessed++) {
      draft.guess(u, z, guessed);
    }
  }

  /** Place {@code i} was found by a single step. */
  void found(double[] z, int i) {
    draft.misled(z, i);
    guessed = i + 1;
  }

  /**
   * Place {@code i} was computed: {@code channels} numbers of {@code computed} from {@code at} on replace those of z.
   *
   * @return whether the transformer reads them as it read the guess
   */
  boolean replace(double[] computed, double[] z, int at, int channels, int i) {
    boolean same = true;
    for (int c = at; c < at + channels; c++) {
      same &= (float) computed[c] == (float) z[c];
      z[c] = computed[c];
    }
    if (!same && draft.misled(z, i)) {
      guessed = i + 1;
    }
    return same;
  }

  /** Whether a guess, or something computed from guesses, stands in z at place {@code i}. */
  boolean standsAt(int i) {
    return i < guessed;
  }

  void end() {
    draft.end();
  }
}
