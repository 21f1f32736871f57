package org.tarflowlm.checkpoint;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.tarflowlm.checkpoint.safetensors.FloatTensor;
import org.tarflowlm.config.CodebookSpec;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;

/** Small models for tests. */
public final class Fixtures {
  private Fixtures() {}

  /** One flow of each coupling, about three thousand parameters. */
  public static TarFlowConfig tinyConfig() {
    return new TarFlowConfig(ModelType.TARFLOW, 27, 8, 3, 8, 2, 1, false, List.of(
        FlowSpec.tiedMixD(1, 27, Direction.LEFT_TO_RIGHT),
        FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT),
        FlowSpec.affine(1, Direction.LEFT_TO_RIGHT)), CodebookSpec.defaults(), null, 8, null);
  }

  /** Random weights as large as those of trained models; one seed always gives the same. */
  public static Map<String, FloatTensor> randomWeights(TarFlowConfig config, long seed) {
    Random random = new Random(seed);
    Map<String, FloatTensor> tensors = new LinkedHashMap<>();
    ParameterShapes.of(config).forEach((name, shape) -> {
      float[] values = new float[(int) ParameterShapes.length(shape)];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (name.equals("codebook.logSigma") ? -2.3 : name.endsWith(".gain") ? 1 : 0.3 * random.nextGaussian());
      }
      tensors.put(name, new FloatTensor(shape, values));
    });
    return tensors;
  }

  public static Checkpoint tiny() {
    CheckpointInfo info = CheckpointInfo.of("text8").withName("tiny", "1", "Random weights for tests.")
        .withOrigin("Apache-2.0", "none")
        .withGeneration(new GenerationDefaults(20, 0.9, 0, 5L))
        .withMeasurements(List.of(new Measurement("nothing", "ELBO", 5.25, 0.01, 1000)))
        .withTraining(Map.of("steps", "0"));
    return new Checkpoint(tinyConfig(), info, randomWeights(tinyConfig(), 11), null);
  }

  /** A checkpoint on the class path. */
  static Checkpoint resource(String folder) {
    return new CheckpointLoader(CheckpointSource.resource(Fixtures.class.getClassLoader(), folder)).load();
  }
}
