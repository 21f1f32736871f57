package org.tarflowlm.flow;

/**
 * The order in which a flow reads the positions of a sequence: first to last, or last to first. It maps a position in the text ("time") to
 * its index in reading order, and back.
 *
 * @param leftToRight whether the flow reads the first position in time first
 * @param length number of positions in the sequence
 */
public record FlowOrder(boolean leftToRight, int length) {

  /** The position in time that the flow reads at index {@code i}; also the inverse of that map. */
  public int time(int i) {
    return leftToRight ? i : length - 1 - i;
  }

  /** Index in reading order of the first position that the flow reads of [from, to) in time. */
  public int first(int from, int to) {
    return leftToRight ? from : length - to;
  }
}
