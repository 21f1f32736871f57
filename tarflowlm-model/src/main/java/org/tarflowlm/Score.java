package org.tarflowlm;

import java.util.List;
import org.tarflowlm.eval.LikelihoodEstimate;

/**
 * The likelihood of a text under a model.
 *
 * @param model name of the model
 * @param bound what the figures are: upper bounds from one or more samples of the encoder, or exact
 * @param bitsPerCharacter bits per character of the text, or per byte for models of bytes
 * @param standardError of {@code bitsPerCharacter}, from the spread between windows; NaN where there is only one window
 * @param characters number of characters (bytes) scored: the whole text except a last patch that it does not fill
 * @param tokens number of tokens scored
 * @param nats negative log-likelihood of all scored tokens, in nats
 * @param perplexity exp of the nats per token
 * @param tokenPieces the bits of each token; empty unless the options asked for them
 * @param characterPieces the bits of each character; empty unless the options asked for them
 */
public record Score(String model, LikelihoodEstimate.Bound bound, double bitsPerCharacter, double standardError, long characters,
    long tokens, double nats, double perplexity, List<Piece> tokenPieces, List<Piece> characterPieces) {

  /**
   * A token or character of the text.
   *
   * @param text what it stands for; bytes that are not text by themselves become U+FFFD
   * @param bits for a discrete model, -log2 p(token | tokens before it); for a flow model, the ELBO's terms at the token's position
   *     ({@link org.tarflowlm.nn.TokenTerms}) for one sample of the noise, which may be negative for a token that the model expects
   */
  public record Piece(String text, double bits) {}

  public Score {
    tokenPieces = List.copyOf(tokenPieces);
    characterPieces = List.copyOf(characterPieces);
  }

  /**
   * The bits of each token; they add up to the bits of the text, within single-precision rounding.
   *
   * @throws IllegalStateException if the score was computed without them
   */
  public List<Piece> perToken() {
    return requireKept(tokenPieces);
  }

  /**
   * The bits of each character (Unicode code point): each token's bits are shared equally among its bytes, and a character gets the sum
   * over its own bytes.
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
