package org.tarflowlm.eval;

import com.fasterxml.jackson.annotation.JsonValue;

/**
 * The likelihood of a text under a model.
 *
 * @param bound what kind of figure this is: exact, or an upper bound from one or more samples
 * @param nats total negative log-likelihood (or its bound) in nats
 * @param tokens number of tokens in that total
 * @param standardErrorNats standard error of {@code nats / tokens}, from the spread between windows
 */
public record LikelihoodEstimate(Bound bound, double nats, long tokens, double standardErrorNats) {

  /**
   * The kind of figure that an estimate holds.
   *
   * @param name {@code ELBO}, {@code EXACT} or {@code IW-K}, with {@code -DIFFERENCE} appended for a difference of two bounds, which is
   *     not a bound; JSON holds only the name
   * @param samples samples of the encoder's noise per window; 0 if no noise is used
   */
  public record Bound(@JsonValue String name, int samples) {
    /** Whether the true value is at most the estimate, in expectation. */
    public boolean isUpper() {
      return !name.endsWith("-DIFFERENCE");
    }

    /** From one sample of the encoder's noise: in expectation, an upper bound on the true value. */
    public static final Bound ELBO = new Bound("ELBO", 1);
    /** The exact likelihood of a discrete model. */
    public static final Bound EXACT = new Bound("EXACT", 0);

    /** From K samples per window under one logarithm: an upper bound in expectation, tighter with more samples. K = 1 is {@link #ELBO}. */
    public static Bound importanceWeighted(int samples) {
      return samples == 1 ? ELBO : new Bound("IW-" + samples, samples);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** Mean negative log-likelihood in nats per token. */
  public double natsPerToken() {
    return nats / tokens;
  }

  /** Mean negative log-likelihood in bits per token (per character for character models). */
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
