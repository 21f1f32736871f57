package org.tarflowlm;

import java.util.List;
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
 * @param tokenPieces what {@link #perToken()} returns; empty if the options did not ask for it
 * @param characterPieces what {@link #perCharacter()} returns; empty if the options did not ask for it
 */
public record Score(String model, LikelihoodEstimate.Bound bound, double bitsPerCharacter, double standardError, long characters,
    long tokens, double nats, double perplexity, List<Piece> tokenPieces, List<Piece> characterPieces) {

  /**
   * A token or character of the text.
   *
   * @param text what it stands for; bytes that are no text by themselves are U+FFFD
   * @param bits of a discrete model -log2 p(token | tokens before it); of a flow model the terms of the ELBO at the token's position
   *     ({@link org.tarflowlm.nn.TokenTerms}), of one sample of the noise: a token that the model expects may have negative bits
   */
  public record Piece(String text, double bits) {}

  public Score {
    tokenPieces = List.copyOf(tokenPieces);
    characterPieces = List.copyOf(characterPieces);
  }

  /**
   * The bits of each token; their sum is that of the text, up to rounding in single precision.
   *
   * @throws IllegalStateException if the score was computed without them
   */
  public List<Piece> perToken() {
    return requireKept(tokenPieces);
  }

  /**
   * The bits of each character (Unicode code point): a token's bits in equal shares over its bytes, and of a character the sum over its
   * bytes.
   *
   * @throws IllegalStateException if the score was computed without them
   */
  public List<Piece> perCharacter() {
    return requireKept(characterPieces);
  }

  private static List<Piece> requireKept(List<Piece> pieces) {
    if (pieces.isEmpty()) {
      throw new IllegalStateException("the score has no bits per token; expected one with ScoringOptions.defaults().withPerToken(true)");
    }
    return pieces;
  }

  /** @throws IllegalStateException if the likelihood is not finite */
  static Score of(String model, LikelihoodEstimate estimate, long characters, List<Piece> tokenPieces, List<Piece> characterPieces) {
    if (!Double.isFinite(estimate.nats())) {
      throw new IllegalStateException("the model " + model + " gives the text no likelihood that is a finite number (" + estimate.nats()
          + " nats): its weights are finite, but too large to compute with");
    }
    double bitsPerNat = 1 / Math.log(2);
    return new Score(model, estimate.bound(), estimate.nats() * bitsPerNat / characters,
        estimate.standardErrorNats() * estimate.tokens() * bitsPerNat / characters, characters, estimate.tokens(), estimate.nats(),
        estimate.perplexity(), tokenPieces, characterPieces);
  }
}
