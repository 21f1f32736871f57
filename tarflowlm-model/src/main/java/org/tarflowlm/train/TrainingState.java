package org.tarflowlm.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.ConfigException;
import org.tarflowlm.nn.TarFlowNetwork;
import org.tarflowlm.zoo.safetensors.DType;
import org.tarflowlm.zoo.safetensors.FloatTensor;
import org.tarflowlm.zoo.safetensors.SafetensorsReader;
import org.tarflowlm.zoo.safetensors.SafetensorsWriter;

/**
 * Everything a resumed run needs to go on bit for bit: parameters, their moving average if there is one, the optimiser's moments and the
 * counters, in one safetensors file that is replaced atomically. The order of windows and the encoder's noise are functions of the seed and the step.
 */
final class TrainingState {
  static final String FILE = "state.safetensors";
  private static final String PARAMETERS = "parameters";
  private static final String UPDATER = "updater";
  private static final String AVERAGE = "average";

  private TrainingState() {}

  /**
   * @param step updates so far
   * @param seconds of training so far
   * @param bestBits best bits per token on the validation windows so far
   * @param bestStep the step of that validation; 0 before the first
   * @param skipped updates that were skipped so far
   * @param skippedInARow of those, the last ones without one between them that was not
   */
  record Counters(int step, double seconds, double bestBits, int bestStep, int skipped, int skippedInARow) {
    static final Counters START = new Counters(0, 0, Double.POSITIVE_INFINITY, 0, 0, 0);
  }

  /** @param average moving average of the parameters, or null */
  static void save(Path file, ComputationGraph network, WeightAverage average, Counters counters) throws IOException {
    Map<String, FloatTensor> tensors = new LinkedHashMap<>();
    tensors.put(PARAMETERS, flat(network.params()));
    tensors.put(UPDATER, flat(TarFlowNetwork.updaterState(network)));
    if (average != null) {
      tensors.put(AVERAGE, flat(average.values()));
    }
    SafetensorsWriter.write(file, tensors, DType.F32, Map.of(
        "step", Integer.toString(counters.step()),
        "seconds", Double.toString(counters.seconds()),
        "bestBits", Double.toString(counters.bestBits()),
        "bestStep", Integer.toString(counters.bestStep()),
        "skipped", Integer.toString(counters.skipped()),
        "skippedInARow", Integer.toString(counters.skippedInARow())));
  }

  /** @throws ConfigException if the file is not a state of this network */
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
          Integer.parseInt(metadata.getOrDefault("skipped", "0")), Integer.parseInt(metadata.getOrDefault("skippedInARow", "0")));
      TarFlowNetwork.setIteration(network, counters.step());
      return counters;
    } catch (NumberFormatException | NullPointerException e) {
      throw new ConfigException(file + ": expected counters step, seconds and bestBits in the metadata", e);
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
}
