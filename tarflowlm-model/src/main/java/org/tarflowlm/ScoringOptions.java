package org.tarflowlm;

import java.io.Serializable;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.Records;

/**
 * How to score. A discrete model's likelihood is exact, so it ignores seed and samples.
 *
 * @param seed of the encoder's noise; the same seed gives the same figure
 * @param samples noise samples per window: 1 for the ELBO; n for the tighter importance-weighted bound, which takes n times as long
 * @param maxCharacters scores at most this many characters (bytes for byte models) from the start of the text
 * @param stride 0 for independent windows; otherwise the distance in tokens between their starts, and each window scores only the tokens
 *     that are new in it ({@link org.tarflowlm.eval.Likelihood#withStride})
 * @param perToken whether to keep the bits of each token ({@link Score#perToken()}), about 30 bytes per token; needs 1 sample and stride 0
 */
public record ScoringOptions(long seed, int samples, long maxCharacters, int stride, boolean perToken) implements Serializable {
  /** More samples would take days for one sentence. */
  private static final int MOST_SAMPLES = 100_000;

  public ScoringOptions {
    ConfigException.requireWithin("samples", samples, 1, MOST_SAMPLES);
    ConfigException.requireAtLeast("maxCharacters", maxCharacters, 1);
    ConfigException.requireAtLeast("stride", stride, 0);
    if (perToken && (samples > 1 || stride > 0)) {
      throw new ConfigException("perToken is set, but samples is " + samples + " and stride " + stride
          + "; expected 1 and 0, since only then the score is a sum over tokens");
    }
  }

  /** Seed 1, the ELBO, the whole text in independent windows, without the bits of each token. */
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
