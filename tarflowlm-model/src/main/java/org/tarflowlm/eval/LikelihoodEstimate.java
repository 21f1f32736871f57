package org.tarflowlm.eval;

/**
 * What a model says of a text.
 *
 * @param bound what the number is: an upper bound on bits from the ELBO, or exact
 * @param nats total negative log-likelihood (bound) in nats
 * @param tokens tokens it is the sum over
 * @param standardErrorNats standard error of {@code nats / tokens}, from the spread between windows
 */
public record LikelihoodEstimate(Bound bound, double nats, long tokens, double standardErrorNats) {

  /** Which quantity an estimate holds. */
  public enum Bound {
    /** One sample of the encoder a token: an upper bound on the true value in expectation. */
    ELBO,
    /** The exact likelihood of a discrete model. */
    EXACT
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
