package org.tarflowlm.train;

/**
 * The figures of one finished run of an experiment. Bits are per token of the test text.
 *
 * @param label the row's name in the report
 * @param published the paper's figure, or null
 * @param tokens number of training tokens seen, in all stages of a progressive run together
 * @param trainSeconds time spent in training steps alone
 * @param bits ELBO, an upper bound; exact for a discrete model
 * @param error standard error of {@code bits} over the windows; null with a single window
 * @param samples K of the importance-weighted bound; 1 for a discrete model, whose bits are exact
 * @param weightedBits importance-weighted bound; equal to {@code bits} for a discrete model
 * @param weightedError its standard error
 * @param scored number of tokens in the test text
 * @param seed of the run; null if unknown
 * @param commit Git commit of the program that scored it; null if unknown
 */
public record ExperimentRow(String name, String label, Double published, String bound, long parameters, long tokens, int steps,
    double trainSeconds, double bits, Double error, int samples, double weightedBits, Double weightedError, long scored, Long seed,
    String commit) {

  /** @throws IllegalStateException if the bits are not finite */
  public ExperimentRow {
    if (!Double.isFinite(bits) || !Double.isFinite(weightedBits)) {
      throw new IllegalStateException("the model " + name + " gives the test text " + bits + " and " + weightedBits
          + " bits; expected finite numbers");
    }
    error = known(error);
    weightedError = known(weightedError);
  }

  private static Double known(Double error) {
    return error == null || Double.isNaN(error) ? null : error;
  }

  /** Mean seconds per training step. */
  public double secondsPerStep() {
    return trainSeconds / steps;
  }
}
