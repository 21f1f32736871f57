package org.tarflowlm;

import java.io.Serializable;
import org.tarflowlm.config.ConfigException;

/**
 * How to score. To a discrete model, whose likelihood is exact, seed and samples mean nothing.
 *
 * @param seed of the encoder's noise; the same seed gives the same figure
 * @param samples of the noise: 1 for the ELBO, more for the tighter importance-weighted bound, which takes as many times as long
 * @param maxCharacters characters (bytes for models of bytes) of the text to score, from its start
 * @param stride 0 for windows that do not see each other; else they begin that many tokens apart, and each counts its new tokens given
 *     those before ({@link org.tarflowlm.eval.Likelihood#withStride})
 */
public record ScoringOptions(long seed, int samples, long maxCharacters, int stride) implements Serializable {
  /** More would take days for a sentence. */
  private static final int MOST_SAMPLES = 100_000;

  public ScoringOptions {
    ConfigException.requireWithin("samples", samples, 1, MOST_SAMPLES);
    ConfigException.requireAtLeast("maxCharacters", maxCharacters, 1);
    ConfigException.requireAtLeast("stride", stride, 0);
  }

  /** Windows that do not see each other. */
  public ScoringOptions(long seed, int samples, long maxCharacters) {
    this(seed, samples, maxCharacters, 0);
  }

  /** Seed 1, the ELBO, the whole text. */
  public static ScoringOptions defaults() {
    return new ScoringOptions(1, 1, Long.MAX_VALUE);
  }

  public ScoringOptions withSeed(long value) {
    return new ScoringOptions(value, samples, maxCharacters, stride);
  }

  public ScoringOptions withSamples(int value) {
    return new ScoringOptions(seed, value, maxCharacters, stride);
  }

  public ScoringOptions withMaxCharacters(long value) {
    return new ScoringOptions(seed, samples, value, stride);
  }

  public ScoringOptions withStride(int value) {
    return new ScoringOptions(seed, samples, maxCharacters, value);
  }
}
