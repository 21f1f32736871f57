package org.tarflowlm.inverse;

/** How the positions of a flow's inverse are found; all give the same result. */
public enum Decoding {
  /** One position after another. */
  SEQUENTIAL,
  /** Blocks of positions together, by fixed-point iteration from a guess. */
  PARALLEL,
  /** Whichever of the two has been faster so far, measured flow by flow; sequential for several texts at once. */
  AUTO
}
