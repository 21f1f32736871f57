package org.tarflowlm.flow;

/**
 * The part of a flow that acts on one position of one sequence, given the transformer's features of that position: it predicts the
 * coupling's parameters and applies the coupling. Holds scratch arrays: one instance per thread.
 */
interface CouplingHead {
  /** Reads the rows [from, to) of features [rows * H]; the other methods then take the number of such a row. */
  void read(float[] features, int from, int to);

  /**
   * z from u, with the features of the rows [from, to): of each row reads u[row][at[row] .. at[row] + D), writes the same place of z[row].
   * A row's result does not depend on the others.
   */
  void inverse(int from, int to, double[][] u, double[][] z, int[] at);

  /**
   * Margin of a row of the last inverse: how far the distribution may move, in probability, before the same u leads to another token; 0
   * if unknown.
   */
  double margin(int row);

  /**
   * u from z, with the features of a row, over [at .. at + D).
   *
   * @param u filled: the outputs of the flow and of its in-token flows; those but the last may be null
   * @param logDets by flow; log |det du/dz| of the position in nats is added
   */
  void forward(int row, double[] z, double[][] u, int at, double[] logDets);
}
