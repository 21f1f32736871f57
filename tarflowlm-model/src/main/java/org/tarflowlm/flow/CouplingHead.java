package org.tarflowlm.flow;

/**
 * The part of a flow that acts on one position of one sequence: it predicts the coupling's parameters from the transformer's features at
 * that position, and applies the coupling. It holds scratch arrays, so each thread needs its own instance.
 */
interface CouplingHead {
  /** Reads the rows [from, to) of features [rows * H]; the other methods then take the index of such a row. */
  void read(float[] features, int from, int to);

  /**
   * Computes z from u with the features of the rows [from, to): for each row, reads u[row][at[row] .. at[row] + D) and writes that range
   * of z[row]. A row's result does not depend on other rows.
   */
  void inverse(int from, int to, double[][] u, double[][] z, int[] at);

  /**
   * Margin of a row in the last inverse: how far the distribution may move, in probability, before the same u gives another token; 0 if
   * unknown.
   */
  double margin(int row);

  /**
   * Computes u from z with a row's features, over [at .. at + D).
   *
   * @param u receives the outputs of the flow and of its in-token flows; all but the last may be null
   * @param logDets by flow; the position's log |det du/dz| in nats is added
   */
  void forward(int row, double[] z, double[][] u, int at, double[] logDets);
}
