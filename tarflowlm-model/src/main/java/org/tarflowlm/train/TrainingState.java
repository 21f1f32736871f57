package org.tarflowlm.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.checkpoint.safetensors.DType;
import org.tarflowlm.checkpoint.safetensors.FloatTensor;
import org.tarflowlm.checkpoint.safetensors.SafetensorsReader;
import org.tarflowlm.checkpoint.safetensors.SafetensorsWriter;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.nn.TarFlowNetwork;

/**
 * Everything that a run needs to resume bit for bit: parameters, their moving average if there is one, the optimiser's moments and the
 * counters, in one safetensors file that is replaced atomically. The order of windows and the encoder's noise depend only on the seed and
 * the step.
 */
final class TrainingState {
  static final String FILE = "state.safetensors";
  private static final String PARAMETERS = "parameters";
  private static final String UPDATER = "updater";
  private static final String AVERAGE = "average";

  private TrainingState() {}

  /**
   * @param step number of updates so far
   * @param seconds of training so far
   * @param bestBits best bits per token on the validation windows so far
   * @param bestStep the step of that validation; 0 before the first
   * @param skipped number of updates skipped so far
   * @param skippedInARow number of updates skipped since the last one that was not
   * @param line sums for the log's next line
   */
  record Counters(int step, double seconds, double bestBits, int bestStep, int skipped, int skippedInARow, ProgressLog.Sums line) {
    static final Counters START = new Counters(0, 0, Double.POSITIVE_INFINITY, 0, 0, 0, ProgressLog.Sums.EMPTY);

    Counters withBest(double bits) {
      return new Counters(step, seconds, bits, step, skipped, skippedInARow, line);
    }

    Counters withLine(ProgressLog.Sums other) {
      return new Counters(step, seconds, bestBits, bestStep, skipped, skippedInARow, other);
    }
  }

  /** @param average moving average of the parameters, or null */
  static void save(Path file, ComputationGraph network, WeightAverage average, Counters counters) throws IOException {
    Map<String, FloatTensor> tensors = new LinkedHashMap<>();
    tensors.put(PARAMETERS, flat(network.params()));
    tensors.put(UPDATER, flat(TarFlowNetwork.updaterState(network)));
    if (average != null) {
      tensors.put(AVERAGE, flat(average.values()));
    }
    SafetensorsWriter.write(file, tensors, DType.F32, Map.ofEntries(
        Map.entry("step", Integer.toString(counters.step())),
        Map.entry("seconds", Double.toString(counters.seconds())),
        Map.entry("bestBits", Double.toString(counters.bestBits())),
        Map.entry("bestStep", Integer.toString(counters.bestStep())),
        Map.entry("skipped", Integer.toString(counters.skipped())),
        Map.entry("skippedInARow", Integer.toString(counters.skippedInARow())),
        Map.entry("lineLoss", Double.toString(counters.line().loss())),
        Map.entry("lineLosses", Integer.toString(counters.line().losses())),
        Map.entry("lineSteps", Integer.toString(counters.line().steps())),
        Map.entry("lineSeconds", Double.toString(counters.line().seconds()))));
  }

  /** The step of a saved state; 0 if there is no file yet. */
  static int savedStep(Path file) throws IOException {
    if (!Files.exists(file)) {
      return 0;
    }
    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      return Integer.parseInt(String.valueOf(reader.metadata().get("step")));
    } catch (NumberFormatException e) {
      throw new ConfigException(file + " has no counter step; expected it in the metadata", e);
    }
  }

  /** @throws ConfigException if the file does not hold a state of this network */
  static Counters restore(Path file, ComputationGraph network, WeightAverage average) throws IOException {
    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      assign(file, PARAMETERS, reader, network.params());
      assign(file, UPDATER, reader, TarFlowNetwork.updaterState(network));
      if (average != null) {
        assign(file, AVERAGE, reader, average.values());
      }
      Map<String, String> metadata = reader.metadata();
      Counters counters = new Counters(Integer.parseInt(metadata.get("step")), Double.parseDouble(metadata.get("seconds")),
          Double.parseDouble(metadata.get("bestBits")), Integer.parseInt(metadata.getOrDefault("bestStep", metadata.get("step"))),
          Integer.parseInt(metadata.getOrDefault("skipped", "0")), Integer.parseInt(metadata.getOrDefault("skippedInARow", "0")),
          new ProgressLog.Sums(Double.parseDouble(metadata.getOrDefault("lineLoss", "0")),
              Integer.parseInt(metadata.getOrDefault("lineLosses", "0")),
              Integer.parseInt(metadata.getOrDefault("lineSteps", "0")),
              Double.parseDouble(metadata.getOrDefault("lineSeconds", "0"))));
      TarFlowNetwork.setIteration(network, counters.step());
      return counters;
    } catch (NumberFormatException | NullPointerException e) {
      throw new ConfigException(file + " lacks a counter; expected step, seconds and bestBits in the metadata", e);
    }
  }

  private static FloatTensor flat(INDArray array) {
    return new FloatTensor(new long[] {array.length()}, array.dup('c').data().asFloat());
  }

  private static void assign(Path file, String name, SafetensorsReader reader, INDArray target) throws IOException {
    if (!reader.tensors().containsKey(name)) {
      throw new ConfigException(file + ": no tensor '" + name + "'; expected a training state");
    }
    float[] values = reader.floats(name).values();
    if (values.length != target.length()) {
      throw new ConfigException(file + ": tensor '" + name + "' has " + values.length + " numbers; expected " + target.length());
    }
    target.assign(Nd4j.createFromArray(values).reshape(target.shape()));
  }

  /**
   * Exponential moving average of a network's weights: a = c a + (1 - c) w after each update t, with c = min(decay, (1 + t) / (10 + t)),
   * so that the initial weights fade quickly.
   */
  static final class WeightAverage {
    private final INDArray weights;
    private final INDArray average;
    private final double decay;

    /** @param weights the network's flat array, which updates change in place */
    WeightAverage(INDArray weights, double decay) {
      this.weights = weights;
      this.average = weights.dup();
      this.decay = decay;
    }

    /** The average as a flat array, not a copy. */
    INDArray values() {
      return average;
    }

    /** @param update number of the update, counted from 1 */
    void add(int update) {
      double keep = Math.min(decay, (1.0 + update) / (10.0 + update));
      average.muli(keep);
      Nd4j.getBlasWrapper().level1().axpy(weights.length(), 1 - keep, weights, average);
    }

    /** Runs an action while the network holds the averaged weights. */
    <T> T using(Supplier<T> action) {
      try (INDArray own = weights.dup()) {
        weights.assign(average);
        try {
          return action.get();
        } finally {
          weights.assign(own);
        }
      }
    }
  }
}
