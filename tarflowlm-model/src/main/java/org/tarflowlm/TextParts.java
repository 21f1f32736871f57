package org.tarflowlm;

import java.util.List;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.Likelihood;
import org.tarflowlm.eval.LikelihoodEstimate;
import org.tarflowlm.eval.TextBatches;

/**
 * One long text to score in parts, for example on several machines. Joined, the parts give exactly, bit for bit, what
 * {@link TarFlowLM#score(TokenSequence, ScoringOptions)} gives.
 */
public final class TextParts {
  private final TarFlowLM model;
  private final Engine engine;
  private final ScoringOptions options;
  private final TokenSequence tokens;
  private final TextBatches batches;

  TextParts(TarFlowLM model, Engine engine, TokenSequence tokens, ScoringOptions options) {
    if (options.perToken()) {
      throw new IllegalArgumentException("perToken is true; expected false for a text in parts");
    }
    this.model = model;
    this.engine = engine;
    this.options = options;
    this.tokens = Scorer.scored(model.config(), model.tokenizer(), tokens, options);
    this.batches = TextBatches.of(model.config(), this.tokens.length(), options.stride());
  }

  /** Number of batches of windows in the text. */
  public long count() {
    return batches.count();
  }

  /**
   * Scores a range of batches.
   *
   * @param from first batch, counted from 0
   * @param to batch after the last, at most {@link #count()}
   * @return negative log-likelihood of each of their windows, in nats
   */
  public double[] score(long from, long to) {
    return engine.withNetwork(layer -> new Likelihood(layer, options.seed(), options.samples()).windows(tokens, batches, from, to));
  }

  /**
   * The score of the whole text.
   *
   * @param nats of all windows: the results of {@link #score(long, long)} for consecutive parts, in order
   * @throws IllegalArgumentException if their number is not the number of windows
   */
  public Score join(List<double[]> nats) {
    LikelihoodEstimate estimate = Likelihood.sum(model.config(), batches, options.samples(), nats);
    return Score.of(model.name(), estimate, Scorer.characters(tokens, estimate.tokens(), model.tokenizer()), List.of(), List.of());
  }
}
