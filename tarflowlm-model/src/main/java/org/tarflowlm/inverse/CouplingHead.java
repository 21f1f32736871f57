package org.tarflowlm.inverse;

/**
 * The part of a flow that acts on one position of one sequence, given the transformer's features of that position: it predicts the
 * coupling's parameters and applies the coupling. Holds scratch arrays: one instance a thread.
 */
interface CouplingHead {
  /** Reads the rows [from, to) of features [rows * H]; the other methods then take the number of such a row. */
  void read(float[] features, int from, int to);

  /** z from u, with the features of a row: reads u[at .. at + D), writes z[at .. at + D). */
  void inverse(int row, double[] u, double[] z, int at);

  /** u from z, over the same ranges; returns log |det du/dz| of the position in nats. */
  double forward(int row, double[] z, double[] u, int at);
}
