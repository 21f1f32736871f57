package org.tarflowlm;

import org.tarflowlm.eval.LikelihoodEstimate;

/**
 * Likelihood of a text under a model.
 *
 * @param model name of the model
 * @param bound what the figures are: upper bounds from one or more samples of the encoder, or exact
 * @param bitsPerCharacter bits per character of the text, or per byte for models of bytes
 * @param standardError of {@code bitsPerCharacter}, from the spread between windows; NaN where there is only one window
 * @param characters characters (bytes) that were scored: all of the text, but for an end that does not fill a patch
 * @param tokens the same in tokens
 * @param nats negative log-likelihood of them all in nats
 * @param perplexity exp of the nats per token
 */
public record Score(String model, LikelihoodEstimate.Bound bound, double bitsPerCharacter, double standardError, long characters,
    long tokens, double nats, double perplexity) {

  /** @throws IllegalStateException if the likelihood is not finite */
  static Score of(String model, LikelihoodEstimate estimate, long characters) {
    if (!Double.isFinite(estimate.nats())) {
      throw new IllegalStateException("the model " + model + " gives the text no likelihood that is a finite number (" + estimate.nats()
          + " nats): its weights are finite, but too large to compute with");
    }
    double bitsPerNat = 1 / Math.log(2);
    return new Score(model, estimate.bound(), estimate.nats() * bitsPerNat / characters,
        estimate.standardErrorNats() * estimate.tokens() * bitsPerNat / characters, characters, estimate.tokens(), estimate.nats(),
        estimate.perplexity());
  }
}
