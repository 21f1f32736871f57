package org.tarflowlm.zoo;

/**
 * How to score.
 *
 * @param seed of the encoder's noise; the same seed gives the same figure. A discrete model has none and gives the same with any
 */
public record ScoringOptions(long seed) {
  public static ScoringOptions defaults() {
    return new ScoringOptions(1);
  }

  public ScoringOptions withSeed(long value) {
    return new ScoringOptions(value);
  }
}
