package org.tarflowlm.train;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Locale;
import org.tarflowlm.eval.FlowAccount;

/**
 * One line of a run's log.
 *
 * @param step updates so far
 * @param trainBits bits per token of the loss, mean since the last line; left out if no update had a finite one
 * @param validBits bits per token on the validation windows, where measured at this step
 * @param averageBits the same of the weights' moving average, where there is one
 * @param tokens training tokens seen so far
 * @param tokensPerSecond since the last line, validation and checkpoints left out
 * @param seconds of training so far, over all sittings
 * @param secondsLeft at the current speed
 * @param learningRate of the last update
 * @param skipped updates that were skipped so far, where the run may skip some
 * @param flows what each flow does, where measured at this step, see {@link FlowAccount}
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Progress(int step, int steps, Double trainBits, Double validBits, Double averageBits, long tokens, double tokensPerSecond,
    double seconds, double secondsLeft, double learningRate, Integer skipped, List<FlowAccount.Level> flows) {

  /** For people: one line. */
  public String line() {
    return String.format(Locale.ROOT, "step %d/%d  train %s bits  %,.0f tokens/s  %s left%s%s", step, steps,
        trainBits == null ? "no" : String.format(Locale.ROOT, "%.4f", trainBits), tokensPerSecond,
        duration(secondsLeft), validBits == null ? "" : String.format(Locale.ROOT, "  valid %.4f bits", validBits),
        averageBits == null ? "" : String.format(Locale.ROOT, ", averaged weights %.4f", averageBits));
  }

  private static String duration(double seconds) {
    long s = Math.round(seconds);
    return s >= 3600 ? String.format(Locale.ROOT, "%d h %02d min", s / 3600, s % 3600 / 60)
        : String.format(Locale.ROOT, "%d min %02d s", s / 60, s % 60);
  }
}
