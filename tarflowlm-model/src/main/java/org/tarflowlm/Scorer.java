package org.tarflowlm;

import java.util.List;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.Likelihood;
import org.tarflowlm.eval.LikelihoodEstimate;
import org.tarflowlm.nn.TarFlowLayer;

/** Scores tokens with a network; see {@link TarFlowLM#score(TokenSequence, ScoringOptions)}. */
record Scorer(String name, Tokenizer tokenizer, TarFlowLayer layer) {
  Score score(TokenSequence tokens, ScoringOptions options) {
    TokenSequence scored = scored(layer.model(), tokenizer, tokens, options);
    Likelihood likelihood = new Likelihood(layer, options.seed(), options.samples());
    if (options.perToken()) {
      Likelihood.ByToken each = likelihood.byToken(scored);
      ScoredPieces pieces = new ScoredPieces(scored, each.nats(), tokenizer);
      return Score.of(name, each.estimate(), characters(scored, each.estimate()), pieces.tokens(), pieces.characters());
    }
    LikelihoodEstimate estimate = options.stride() == 0 ? likelihood.of(scored) : likelihood.withStride(scored, options.stride());
    return Score.of(name, estimate, characters(scored, estimate), List.of(), List.of());
  }

  /** The tokens that are scored: those of the first characters. */
  static TokenSequence scored(TarFlowConfig config, Tokenizer tokenizer, TokenSequence tokens, ScoringOptions options) {
    if (tokens.vocabSize() != config.vocabSize()) {
      throw new IllegalArgumentException("the tokens are of a vocabulary of " + tokens.vocabSize() + "; expected " + config.vocabSize());
    }
    long count = CharacterCount.tokensWithin(tokens, options.maxCharacters(), tokenizer);
    int least = config.model() == ModelType.TARFLOW ? config.patchSize() : 1;
    if (count < least) {
      throw new DataException("the text " + (count == 0 ? "is empty" : "has " + count + (count == 1 ? " token" : " tokens"))
          + "; expected at least " + least + (least == 1 ? " token" : " tokens"));
    }
    return tokens.slice(0, count);
  }

  private long characters(TokenSequence scored, LikelihoodEstimate estimate) {
    return CharacterCount.of(scored, estimate.tokens(), tokenizer);
  }
}
