package org.tarflowlm.checkpoint;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import org.nd4j.linalg.api.shape.Shape;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.json.RecordJson;

/** Checks tensors against the parameters that {@link ParameterShapes} lists for a configuration. */
final class Weights {
  private Weights() {}

  /**
   * Checks that the tensors are exactly the configuration's parameters: none missing, none extra, all shapes equal.
   *
   * @param shapeOf gives a tensor's shape by its name
   * @throws CheckpointException naming the tensor, the shape found and the shape expected
   */
  static void requireMatch(TarFlowConfig config, Iterable<String> names, Function<String, long[]> shapeOf) {
    Map<String, long[]> expected = ParameterShapes.of(config);
    TreeSet<String> left = new TreeSet<>(expected.keySet());
    for (String name : names) {
      long[] shape = expected.get(name);
      if (shape == null) {
        throw new CheckpointException("tensor '" + RecordJson.printable(name) + "' with shape " + Arrays.toString(shapeOf.apply(name))
            + " is not a parameter of the configuration" + RecordJson.didYouMean(name, expected.keySet()));
      } else if (!Arrays.equals(shape, shapeOf.apply(name))) {
        throw new CheckpointException("tensor '" + name + "' has shape " + Arrays.toString(shapeOf.apply(name)) + "; expected "
            + Arrays.toString(shape) + " by the configuration");
      }
      left.remove(name);
    }
    if (!left.isEmpty()) {
      throw new CheckpointException("tensor '" + left.first() + "' is missing; expected shape "
          + Arrays.toString(expected.get(left.first())) + (left.size() == 1 ? "" : ", and " + (left.size() - 1) + " more"));
    }
  }

  /** @throws CheckpointException naming the first value that is NaN or infinite */
  static void requireFinite(String name, long[] shape, float[] values) {
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new CheckpointException("tensor '" + name + "' holds " + values[i] + " at " + Arrays.toString(Shape.ind2subC(shape, i))
            + "; expected finite numbers");
      }
    }
  }
}
