package org.tarflowlm.generate.parallel;

import java.util.function.BooleanSupplier;
import org.tarflowlm.flow.FlowOrder;
import org.tarflowlm.flow.FlowTransform;

/** Inverts one flow for a single sequence, by steps or by blocks, as {@link ParallelDecoding} chooses for each stretch of positions. */
final class ParallelTransform {
  /** Positions after which blocks are compared with steps again. */
  private static final int STRETCH = 32;
  /** Positions of a block whose guesses are good. */
  private static final int REFINED = 16;
  /** Instead of a position: the listener asked to stop. */
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
  /** Places before this one were computed from what stands in z. */
  private int improvedTo;

  /** @param length positions * D */
  ParallelTransform(FlowTransform flow, ParallelDecoding decoding, int length) {
    this.flow = flow;
    this.decoding = decoding;
    computed = new double[length];
  }

  /** Stretches of that many positions. */
  static int stretches(int positions) {
    return (positions + STRETCH - 1) / STRETCH;
  }

  /**
   * Solves the positions [from, to) in time, as {@link FlowTransform#inverse} does it for one sequence.
   *
   * @param exactInput makes u exact and says whether it changed; null where u is exact
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

  /** Whether the last inverse is what steps would have given, as far as single precision tells. */
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

  /** Solves the places [from, to) in blocks that look ahead; returns the place after the last one that is final, or {@link #ENDED}. */
  private int blocks(double[] u, double[][] z, int from, int to) {
    int front = from;
    while (front < to) {
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

  /** Computes the places before {@code to} once more, from a better u and what stands in z, which is better than what was guessed. */
  private void improve(double[] u, double[] z, int to) {
    if (exactInput != null && exactInput.getAsBoolean()) {
      improvedTo = first;
    }
    refine(u, z, improvedTo, to);
    improvedTo = to;
    decoding.improved();
  }

  /** All positions [from, to) in time of a sequence that was inverted before, once more from what stands in z. */
  void improve(double[] u, double[] z, int from, int to) {
    order = flow.begin();
    int start = order.first(from, to);
    refine(u, z, start, start + to - from);
    decoding.improved();
  }

  /** Solves the places [from, to) to the last bit, in blocks, from guesses in z that are good already. */
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
