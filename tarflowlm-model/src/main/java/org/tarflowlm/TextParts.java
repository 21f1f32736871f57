package org.tarflowlm;

import java.util.List;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.Likelihood;
import org.tarflowlm.eval.LikelihoodEstimate;
import org.tarflowlm.eval.TextBatches;

/**
 * One long text that is scored in parts, by several machines for example. Together the parts are
 * {@link TarFlowLM#score(TokenSequence, ScoringOptions)}, bit for bit.
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

  /** Batches of windows in the text. */
  public long count() {
    return batches.count();
  }

  /**
   * Scores some batches.
   *
   * @param from the first
   * @param to after the last
   * @return nats of each of their windows
   */
  public double[] score(long from, long to) {
    return engine.withNetwork(layer -> new Likelihood(layer, options.seed(), options.samples()).windows(tokens, batches, from, to));
  }

  /**
   * The score of the whole text.
   *
   * @param nats of all windows: what {@link #score(long, long)} returned for parts that follow each other
   * @throws IllegalArgumentException if these are not as many as there are windows
   */
  public Score join(List<double[]> nats) {
    LikelihoodEstimate estimate = Likelihood.sum(model.config(), batches, options.samples(), nats);
    return Score.of(model.name(), estimate, Scorer.characters(tokens, estimate.tokens(), model.tokenizer()), List.of(), List.of());
  }
}
