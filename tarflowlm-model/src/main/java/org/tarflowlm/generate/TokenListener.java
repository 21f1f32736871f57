package org.tarflowlm.generate;

/**
 * Hears the tokens of one sequence as soon as they are final, in the order of the text. An exception thrown here ends the generation
 * and reaches its caller.
 */
@FunctionalInterface
public interface TokenListener {
  /** The next tokens: one, or those of a patch, or more where the model's reading directions allow nothing sooner. */
  void accept(int[] tokens);
}
