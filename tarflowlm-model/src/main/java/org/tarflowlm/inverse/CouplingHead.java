package org.tarflowlm.inverse;

/**
 * The part of a flow that acts on one position of one sequence, given the transformer's features of that position: it predicts the
 * coupling's parameters and applies the coupling. Holds scratch arrays: one instance a thread.
 */
interface CouplingHead {
  /** z from u: reads u[at .. at + D), writes z[at .. at + D). */
  void inverse(float[] features, double[] u, double[] z, int at);

  /** u from z, over the same ranges; returns log |det du/dz| of the position in nats. */
  double forward(float[] features, double[] z, double[] u, int at);
}
