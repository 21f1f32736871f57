package org.tarflowlm.train;

import org.tarflowlm.eval.LikelihoodEstimate.Bound;

/**
 * Where a run stands.
 *
 * @param bound what the bits are
 * @param bestBits bits per token on the validation windows, of the best checkpoint; infinite before the first validation
 */
public record TrainingSummary(int step, int steps, long tokens, double seconds, double bestBits, long parameters, Bound bound) {
  public boolean finished() {
    return step == steps;
  }
}
