package org.tarflowlm.flow;

/**
 * The order in which a flow reads the positions of a sequence: first to last, or last to first.
 *
 * @param leftToRight whether place 0 is the first position in time
 * @param length positions of the sequence
 */
public record FlowOrder(boolean leftToRight, int length) {

  /** The position in time that is read at place {@code i}; also the place of a position. */
  public int time(int i) {
    return leftToRight ? i : length - 1 - i;
  }

  /** The place of the first position read of [from, to) in time. */
  public int first(int from, int to) {
    return leftToRight ? from : length - to;
  }
}
