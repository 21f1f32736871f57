package org.tarflowlm.zoo;

import org.tarflowlm.config.ConfigException;

/**
 * How a model generates if nothing else is asked for.
 *
 * @param tokens how many; default 200
 * @param temperature scale of the base noise, or divisor of a discrete model's logits; default 1
 * @param topK a discrete model's most likely tokens to choose from; 0, the default, means all
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

  public static GenerationDefaults defaults() {
    return new GenerationDefaults(null, null, null, null);
  }
}
