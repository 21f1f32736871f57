package org.tarflowlm.train;

import org.tarflowlm.eval.LikelihoodEstimate.Bound;

/**
 * Where a run stands.
 *
 * @param finished whether the run is at its end: its steps are used up, or validation has stopped improving
 * @param bound what the bits are
 * @param bestBits bits per token on the validation windows, of the best checkpoint; infinite before the first validation
 */
public record TrainingSummary(int step, int steps, boolean finished, long tokens, double seconds, double bestBits, long parameters,
    Bound bound) {}
