package org.tarflowlm.zoo;

import org.tarflowlm.config.ConfigException;

/**
 * How to score.
 *
 * @param seed of the encoder's noise; the same seed gives the same figure. A discrete model has none and gives the same with any
 * @param maxCharacters characters (bytes for models of bytes) of the text to score, from its start
 */
public record ScoringOptions(long seed, long maxCharacters) {
  public ScoringOptions {
    ConfigException.requireAtLeast("maxCharacters", maxCharacters, 1);
  }

  /** Seed 1, the whole text. */
  public static ScoringOptions defaults() {
    return new ScoringOptions(1, Long.MAX_VALUE);
  }

  public ScoringOptions withSeed(long value) {
    return new ScoringOptions(value, maxCharacters);
  }

  public ScoringOptions withMaxCharacters(long value) {
    return new ScoringOptions(seed, value);
  }
}
