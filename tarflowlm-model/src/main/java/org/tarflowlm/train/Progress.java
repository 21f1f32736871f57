package org.tarflowlm.train;

import com.fasterxml.jackson.annotation.JsonInclude;

/**
 * One line of a run's log.
 *
 * @param step updates so far
 * @param trainBits bits per token of the loss, mean since the last line
 * @param validBits bits per token on the validation windows, where measured at this step
 * @param tokens training tokens seen so far
 * @param tokensPerSecond since the last line, validation and checkpoints left out
 * @param seconds of training so far, over all sittings
 * @param secondsLeft at the current speed
 * @param learningRate of the last update
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Progress(int step, int steps, double trainBits, Double validBits, long tokens, double tokensPerSecond, double seconds,
    double secondsLeft, double learningRate) {

  /** For people: one line. */
  public String line() {
    return String.format("step %d/%d  train %.4f bits  %,.0f tokens/s  %s left%s", step, steps, trainBits, tokensPerSecond,
        duration(secondsLeft), validBits == null ? "" : String.format("  valid %.4f bits", validBits));
  }

  private static String duration(double seconds) {
    long s = Math.round(seconds);
    return s >= 3600 ? String.format("%d h %02d min", s / 3600, s % 3600 / 60) : String.format("%d min %02d s", s / 60, s % 60);
  }
}
