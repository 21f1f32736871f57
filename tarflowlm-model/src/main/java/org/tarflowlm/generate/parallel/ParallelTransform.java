package org.tarflowlm.generate.parallel;

import java.util.function.BooleanSupplier;
import org.tarflowlm.flow.FlowOrder;
import org.tarflowlm.flow.FlowTransform;

/** Inverts one flow for a single sequence, by steps or by blocks, as {@link ParallelDecoding} chooses for each stretch of positions. */
final class ParallelTransform {
  /** Positions to decode before choosing between blocks and steps again. */
  private static final int STRETCH = 32;
  /** Positions of a block when guesses are nearly exact. */
  private static final int REFINED = 16;
  /** Returned instead of a place: the listener asked to stop. */
  private static final int ENDED = -1;

  private final FlowTransform flow;
  private final ParallelDecoding decoding;
  /** Results of a block, [positions * D]. */
  private final double[] computed;
  private FlowOrder order;
  private int first;
  private int end;
  private FlowTransform.PositionListener listener;
  private BooleanSupplier exactInput;
  /** Places before this one were recomputed from the values in z. */
  private int improvedTo;

  /** @param length positions * D */
  ParallelTransform(FlowTransform flow, ParallelDecoding decoding, int length) {
    this.flow = flow;
    this.decoding = decoding;
    computed = new double[length];
  }

  /** Number of stretches that cover {@code positions}. */
  static int stretches(int positions) {
    return (positions + STRETCH - 1) / STRETCH;
  }

  /**
   * Solves the positions [from, to) in time, as {@link FlowTransform#inverse} does for one sequence.
   *
   * @param u [1][positions * D], the input
   * @param z [1][positions * D], the output; holds the known positions
   * @param exactInput makes u exact and returns whether that changed u; null if u is exact already
   */
  void inverse(double[][] u, double[][] z, int from, int to, FlowTransform.PositionListener listener, BooleanSupplier exactInput) {
    this.listener = listener;
    this.exactInput = exactInput;
    order = flow.begin(z, 1, from, to);
    first = order.first(from, to);
    end = first + to - from;
    decoding.begin(z[0], first, order, exactInput == null);
    improvedTo = first;
    for (int i = first; i < end;) {
      int stretch = Math.min(end, i + STRETCH);
      boolean byBlocks = decoding.byBlocks();
      long start = System.nanoTime();
      int next = byBlocks ? blocks(u[0], z, i, stretch) : steps(u, z, i, stretch);
      if (next == ENDED) {
        return;
      }
      decoding.measured(byBlocks, System.nanoTime() - start, next - i);
      i = next;
    }
    decoding.end();
  }

  /** Whether the last inverse equals, in single precision, what steps would have given. */
  boolean isExact() {
    return decoding.isExact();
  }

  /** Solves the places [from, to), one after another; returns the place after the last one, or {@link #ENDED}. */
  private int steps(double[][] u, double[][] z, int from, int to) {
    for (int i = from; i < to; i++) {
      flow.step(u, z, 1, i);
      if (decoding.isCloseCall(flow.margins()[0])) {
        improve(u[0], z[0], i);
        flow.step(u, z, 1, i);
      }
      decoding.found(z[0], i);
      if (listener != null && !listener.solved(z, order.time(i))) {
        return ENDED;
      }
    }
    return to;
  }

  /**
   * Solves at least the places [from, to), in blocks, or fewer if guesses are poor; returns the place after the last final one, or
   * {@link #ENDED}.
   */
  private int blocks(double[] u, double[][] z, int from, int to) {
    int front = from;
    while (front < to && !decoding.isHopeless(front - from)) {
      int size = decoding.block(u, z[0], front, end);
      flow.block(u, z[0], computed, front, size);
      int accepted = decoding.accept(computed, flow.margins(), z[0], front, size);
      if (accepted == front) {
        improve(u, z[0], front);
      }
      for (int i = front; i < accepted; i++) {
        if (listener != null && !listener.solved(z, order.time(i))) {
          return ENDED;
        }
      }
      front = accepted;
    }
    return front;
  }

  /** Recomputes the places before {@code to} from an exact u and the values in z, which are closer than the guesses were. */
  private void improve(double[] u, double[] z, int to) {
    if (exactInput != null && exactInput.getAsBoolean()) {
      improvedTo = first;
    }
    refine(u, z, improvedTo, to);
    improvedTo = to;
    decoding.improved();
  }

  /** Recomputes the positions [from, to) in time of an already inverted sequence, starting from the values in z. */
  void improve(double[] u, double[] z, int from, int to) {
    order = flow.begin();
    int start = order.first(from, to);
    refine(u, z, start, start + to - from);
    decoding.improved();
  }

  /** Solves the places [from, to) exactly in single precision, in blocks, from nearly exact guesses in z. */
  private void refine(double[] u, double[] z, int from, int to) {
    for (int front = from; front < to;) {
      int size = Math.min(REFINED, to - front);
      flow.block(u, z, computed, front, size);
      int accepted = front + 1;
      for (int i = front; i < front + size; i++) {
        boolean same = decoding.take(computed, z, i) == 0f;
        accepted = same && accepted == i + 1 ? Math.min(i + 2, front + size) : accepted;
      }
      front = accepted;
    }
  }
}
