package org.tarflowlm.generate;

/**
 * Receives the tokens of one sequence as soon as they are final, in the order of the text. An exception thrown here ends the generation
 * and reaches its caller.
 */
@FunctionalInterface
public interface TokenListener {
  /**
   * Receives the next tokens.
   *
   * @param tokens one token from a discrete model; from a flow model those of a patch, fewer at the end of the text
   */
  void accept(int[] tokens);
}
