package org.tarflowlm.train;

import org.tarflowlm.eval.LikelihoodEstimate.Bound;

/**
 * How far a run is.
 *
 * @param step number of updates so far, of {@code steps} in all
 * @param finished whether the run has ended: its steps are used up, or validation has stopped improving
 * @param bound what kind of figure the bits are
 * @param bestBits the best checkpoint's bits per token on the validation windows; infinite before the first validation
 */
public record TrainingSummary(int step, int steps, boolean finished, long tokens, double seconds, double bestBits, long parameters,
    Bound bound) {}
