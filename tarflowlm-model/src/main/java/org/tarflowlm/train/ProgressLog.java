package org.tarflowlm.train;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.eval.FlowAccount;

/** The run's log: one JSON object per line. */
record ProgressLog(Path file) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * One line of a run's log.
   *
   * @param step updates so far
   * @param trainBits mean loss since the last line, in bits per token; left out if no update had a finite loss
   * @param validBits bits per token on the validation windows, if measured at this step
   * @param averageBits the same for the weights' moving average, if there is one
   * @param tokens training tokens seen so far
   * @param tokensPerSecond since the last line, not counting validation and checkpoints
   * @param seconds of training so far, including before interruptions
   * @param secondsLeft estimate at the current speed
   * @param learningRate of the last update
   * @param skipped number of updates skipped so far, if the run may skip any
   * @param flows what each flow does, if measured at this step, see {@link FlowAccount}
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Line(int step, int steps, Double trainBits, Double validBits, Double averageBits, long tokens, double tokensPerSecond,
      double seconds, double secondsLeft, double learningRate, Integer skipped, List<FlowAccount.Level> flows) {

    String forPeople() {
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

  /**
   * Sums since the last line of the log, saved with the state so that a resumed run writes the same lines as an uninterrupted one.
   *
   * @param loss sum of the finite losses
   * @param losses number of finite losses
   * @param steps number of updates
   * @param seconds that the updates took
   */
  record Sums(double loss, int losses, int steps, double seconds) {
    static final Sums EMPTY = new Sums(0, 0, 0, 0);

    /** Adds one update; a skipped update may have a loss that is not finite, which is left out. */
    Sums plus(double value, double took) {
      boolean counts = Double.isFinite(value);
      return new Sums(counts ? loss + value : loss, counts ? losses + 1 : losses, steps + 1, seconds + took);
    }

    /** Mean in bits per token, or null. */
    Double bits() {
      return losses == 0 ? null : loss / losses / Math.log(2);
    }

    double secondsPerStep() {
      return seconds / steps;
    }
  }

  void append(Line line) throws IOException {
    try {
      Files.writeString(file, JSON.writeValueAsString(line) + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw IoErrors.unwritable(file, e);
    }
  }

  /** Drops the lines of steps after the checkpoint from which a run resumes, since they will be written again. */
  void truncateAfter(int step) throws IOException {
    if (!Files.exists(file)) {
      return;
    }
    List<String> kept = new ArrayList<>();
    for (String each : Files.readAllLines(file)) {
      try {
        if (JSON.readTree(each).path("step").asInt(Integer.MAX_VALUE) <= step) {
          kept.add(each);
        }
      } catch (JsonProcessingException e) {
        break; // a line cut short by a kill can only be the last one
      }
    }
    AtomicFile.write(file, kept.isEmpty() ? "" : String.join("\n", kept) + "\n");
  }
}
