package org.tarflowlm.train;

/**
 * Sums since the last line of the log, kept with the state so that a resumed run writes the lines of an undisturbed one.
 *
 * @param loss of the losses that are numbers
 * @param losses how many these are
 * @param steps updates
 * @param seconds they took
 */
record LogLine(double loss, int losses, int steps, double seconds) {
  static final LogLine EMPTY = new LogLine(0, 0, 0, 0);

  /** A skipped update may have a loss that is not a number. */
  LogLine plus(double value, double took) {
    boolean counts = Double.isFinite(value);
    return new LogLine(counts ? loss + value : loss, counts ? losses + 1 : losses, steps + 1, seconds + took);
  }

  /** Mean in bits per token, or null. */
  Double bits() {
    return losses == 0 ? null : loss / losses / Math.log(2);
  }

  double secondsPerStep() {
    return seconds / steps;
  }
}
