package org.tarflowlm.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.generate.GenerationOptions;

/**
 * Texts written without a prompt, and how long that took.
 *
 * @param seconds by the clock that was given
 */
record GenerationTurn(List<String> texts, double seconds) {
  /**
   * Writes one batch for each seed from {@code first} on.
   *
   * @param nanoseconds the clock
   */
  static GenerationTurn run(TarFlowLM model, GenerationOptions options, long first, int seeds, LongSupplier nanoseconds) {
    List<String> texts = new ArrayList<>();
    long begin = nanoseconds.getAsLong();
    for (long seed = first; seed < first + seeds; seed++) {
      model.generate("", options.withSeed(seed)).forEach(text -> texts.add(text.text()));
    }
    return new GenerationTurn(texts, (nanoseconds.getAsLong() - begin) / 1e9);
  }

  /** Of all texts together. */
  double charactersPerSecond() {
    return texts.stream().mapToInt(String::length).sum() / seconds;
  }
}
