package org.tarflowlm.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.generate.GenerationOptions;

/**
 * Texts generated without a prompt, and the time they took.
 *
 * @param seconds time for all texts, by the clock given to {@link #run}
 */
record GenerationTurn(List<String> texts, double seconds) {
  /**
   * Generates one batch for each of {@code seeds} seeds from {@code first} on.
   *
   * @param nanoseconds the clock, in nanoseconds
   */
  static GenerationTurn run(TarFlowLM model, GenerationOptions options, long first, int seeds, LongSupplier nanoseconds) {
    List<String> texts = new ArrayList<>();
    long begin = nanoseconds.getAsLong();
    for (long seed = first; seed < first + seeds; seed++) {
      model.generate("", options.withSeed(seed)).forEach(text -> texts.add(text.text()));
    }
    return new GenerationTurn(texts, (nanoseconds.getAsLong() - begin) / 1e9);
  }

  /** Continues a prompt by {@code tokens} tokens; returns the milliseconds until the first of them is final. */
  static double firstTokenMs(TarFlowLM model, int[] prompt, int tokens, long seed) {
    List<Long> times = new ArrayList<>();
    long begin = System.nanoTime();
    model.generate(prompt, GenerationOptions.defaults().withMaxNewTokens(tokens).withSeed(seed), next -> times.add(System.nanoTime()));
    return (times.get(0) - begin) / 1e6;
  }

  /** Characters per second, over all texts together. */
  double charactersPerSecond() {
    return texts.stream().mapToInt(String::length).sum() / seconds;
  }
}
