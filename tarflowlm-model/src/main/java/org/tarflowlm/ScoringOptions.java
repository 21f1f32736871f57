package org.tarflowlm;

import java.io.Serializable;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.Records;

/**
 * How to score. To a discrete model, whose likelihood is exact, seed and samples mean nothing.
 *
 * @param seed of the encoder's noise; the same seed gives the same figure
 * @param samples of the noise: 1 for the ELBO, more for the tighter importance-weighted bound, which takes as many times as long
 * @param maxCharacters characters (bytes for models of bytes) of the text to score, from its start
 * @param stride 0 for windows that do not see each other; else they begin that many tokens apart, and each counts its new tokens given
 *     those before ({@link org.tarflowlm.eval.Likelihood#withStride})
 * @param perToken whether to keep the bits of each token ({@link Score#perToken()}), some 30 bytes a token; needs one sample and no stride
 */
public record ScoringOptions(long seed, int samples, long maxCharacters, int stride, boolean perToken) implements Serializable {
  /** More would take days for a sentence. */
  private static final int MOST_SAMPLES = 100_000;

  public ScoringOptions {
    ConfigException.requireWithin("samples", samples, 1, MOST_SAMPLES);
    ConfigException.requireAtLeast("maxCharacters", maxCharacters, 1);
    ConfigException.requireAtLeast("stride", stride, 0);
    if (perToken && (samples > 1 || stride > 0)) {
      throw new ConfigException("perToken is set, but samples is " + samples + " and stride " + stride
          + "; expected 1 and 0: other figures are not sums over tokens");
    }
  }

  /** Seed 1, the ELBO, the whole text in windows that do not see each other, without the bits of each token. */
  public static ScoringOptions defaults() {
    return new ScoringOptions(1, 1, Long.MAX_VALUE, 0, false);
  }

  public ScoringOptions withSeed(long value) {
    return Records.with(this, "seed", value);
  }

  public ScoringOptions withSamples(int value) {
    return Records.with(this, "samples", value);
  }

  public ScoringOptions withMaxCharacters(long value) {
    return Records.with(this, "maxCharacters", value);
  }

  public ScoringOptions withStride(int value) {
    return Records.with(this, "stride", value);
  }

  public ScoringOptions withPerToken(boolean value) {
    return Records.with(this, "perToken", value);
  }
}
