package org.tarflowlm.generate.parallel;

/** How to compute the positions of a flow's inverse. All ways give the same text; its latents may differ in the seventh decimal. */
public enum Decoding {
  /** One position after another. */
  SEQUENTIAL,
  /** A block of positions at once, by fixed-point iteration from guesses, until the remaining error cannot change the text. */
  PARALLEL,
  /**
   * Whichever of the two has been faster so far, measured flow by flow. Sequential for several texts at once, and for tokens that nothing
   * guesses, those of more than 256.
   */
  AUTO
}
