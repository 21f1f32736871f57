package org.tarflowlm.checkpoint;

import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.json.ConfigException;

/**
 * A model's default generation options.
 *
 * @param tokens number of tokens to generate; default 200
 * @param temperature divides a discrete model's logits and the log-weights of Mix-d flows; default 1
 * @param topK how many of the most likely tokens (of Mix-d flows: components) to choose from; 0, the default, means all
 * @param seed default 1
 */
public record GenerationDefaults(Integer tokens, Double temperature, Integer topK, Long seed) {
  public GenerationDefaults {
    tokens = tokens == null ? 200 : tokens;
    temperature = temperature == null ? 1.0 : temperature;
    topK = topK == null ? 0 : topK;
    seed = seed == null ? 1L : seed;
    ConfigException.requireAtLeast("tokens", tokens, 1);
    ConfigException.requirePositive("temperature", temperature);
    ConfigException.requireAtLeast("topK", topK, 0);
  }

  /** Generation options with these values, and the general defaults for everything else. */
  public GenerationOptions options() {
    return GenerationOptions.defaults().withMaxNewTokens(tokens).withTemperature(temperature).withTopK(topK).withSeed(seed);
  }

  public static GenerationDefaults defaults() {
    return new GenerationDefaults(null, null, null, null);
  }
}
