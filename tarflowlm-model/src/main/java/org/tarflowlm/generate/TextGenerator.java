package org.tarflowlm.generate;

import java.util.List;

/** Generates text from a discrete model or a flow model. Many threads may share an instance. */
public interface TextGenerator {
  /**
   * Generates {@code options.batchSize()} continuations of one prompt.
   *
   * @param prompt token ids; may be empty
   * @param listener receives the tokens of the only text, or null; needs batchSize 1
   * @throws IllegalArgumentException if the prompt holds an unknown token, a listener is given for several texts, or the model cannot
   *     honour an option
   */
  List<Generation> generate(int[] prompt, GenerationOptions options, TokenListener listener);

  /** Continues several prompts in parallel; each result is what {@link #generate} returns for that prompt alone. */
  default List<List<Generation>> generateAll(List<int[]> prompts, GenerationOptions options) {
    return prompts.parallelStream().map(prompt -> generate(prompt, options, null)).toList();
  }
}
