package org.tarflowlm.eval;

import com.fasterxml.jackson.annotation.JsonValue;

/**
 * Likelihood of a text under a model.
 *
 * @param bound what the number is: an upper bound on bits from the ELBO or from several samples, or exact
 * @param nats total negative log-likelihood (bound) in nats
 * @param tokens tokens it is the sum over
 * @param standardErrorNats standard error of {@code nats / tokens}, from the spread between windows
 */
public record LikelihoodEstimate(Bound bound, double nats, long tokens, double standardErrorNats) {

  /**
   * The quantity that an estimate holds.
   *
   * @param name in reports: {@code ELBO}, {@code EXACT} or {@code IW-K}, with {@code -DIFFERENCE} appended for differences of such
   *     bounds, which are none; this alone stands in JSON
   * @param samples of the encoder's noise per window; 0 where there is none
   */
  public record Bound(@JsonValue String name, int samples) {
    /** Whether the true value is at most this, in expectation. */
    public boolean isUpper() {
      return !name.endsWith("-DIFFERENCE");
    }

    /** One sample of the encoder per token: an upper bound on the true value in expectation. */
    public static final Bound ELBO = new Bound("ELBO", 1);
    /** The exact likelihood of a discrete model. */
    public static final Bound EXACT = new Bound("EXACT", 0);

    /** K samples per window under one logarithm: an upper bound in expectation, the tighter the more samples; {@link #ELBO} for one. */
    public static Bound importanceWeighted(int samples) {
      return samples == 1 ? ELBO : new Bound("IW-" + samples, samples);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** Mean in nats per token. */
  public double natsPerToken() {
    return nats / tokens;
  }

  /** Mean in bits per token (per character for character models). */
  public double bitsPerToken() {
    return natsPerToken() / Math.log(2);
  }

  /** Standard error of {@link #bitsPerToken()}. */
  public double standardErrorBits() {
    return standardErrorNats / Math.log(2);
  }

  /** exp of the mean in nats per token. */
  public double perplexity() {
    return Math.exp(natsPerToken());
  }
}
