package org.tarflowlm.cli;

import java.util.List;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointInfo;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.checkpoint.GenerationDefaults;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;
import org.tarflowlm.train.RunConfig;
import org.tarflowlm.train.TrainingSpec;

/** Untrained models of a few thousand parameters. */
public final class TinyModels {
  private TinyModels() {}

  /** Two flows that read in opposite directions, or the discrete twin. */
  public static TarFlowConfig config(ModelType type) {
    return new TarFlowConfig(type, 27, 32, 4, 16, 2, 1, null, List.of(
        FlowSpec.tiedMixD(1, 27, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT)), null, null, 16, null);
  }

  public static Checkpoint checkpoint(ModelType type) {
    return checkpoint(config(type));
  }

  public static Checkpoint checkpoint(TarFlowConfig config) {
    CheckpointInfo info = CheckpointInfo.of("text8").withName("tiny", "1", "An untrained model for tests.")
        .withGeneration(new GenerationDefaults(24, 0.9, 0, 3L));
    return CheckpointNetworks.checkpoint(TarFlowNetwork.create(config, OptimizerSpec.defaults(), 1, 5), info, null);
  }

  /** A short training run. */
  static RunConfig run(int steps) {
    return new RunConfig("text8", config(ModelType.TARFLOW), TrainingSpec.of(steps).withBatchSize(2).withValidation(steps, 2)
        .withCheckpointEvery(steps).withLogEvery(steps));
  }
}
