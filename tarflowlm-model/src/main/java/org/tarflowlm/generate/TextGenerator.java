package org.tarflowlm.generate;

import java.util.List;

/** Generates from a model, discrete or with flows. May be used by many threads. */
public interface TextGenerator {
  /**
   * Generates {@code options.batchSize()} continuations of one prompt.
   *
   * @param prompt token ids; may be empty
   * @param listener receives the tokens of the only text, or null; needs batchSize 1
   */
  List<Generation> generate(int[] prompt, GenerationOptions options, TokenListener listener);

  /** Continues several prompts in parallel; each result is what {@link #generate} gives for that prompt alone. */
  default List<List<Generation>> generateAll(List<int[]> prompts, GenerationOptions options) {
    return prompts.parallelStream().map(prompt -> generate(prompt, options, null)).toList();
  }
}
