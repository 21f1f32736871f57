package org.tarflowlm.train;

import org.tarflowlm.config.ConfigException;
import org.tarflowlm.nn.OptimizerSpec;

/**
 * How long, on what portions and with which optimiser a run trains.
 *
 * @param steps optimiser updates; required
 * @param batchSize windows an update; default 16
 * @param seed of parameters, window order and noise; default 1
 * @param validateEvery steps between validations; default 500
 * @param validationWindows windows of the validation file, evenly spread, the same every time; default 128
 * @param checkpointEvery steps between checkpoints; default 500
 * @param logEvery steps between progress lines; default 50
 */
public record TrainingSpec(Integer steps, Integer batchSize, Long seed, Integer validateEvery, Integer validationWindows,
    Integer checkpointEvery, Integer logEvery, OptimizerSpec optimizer) {

  public TrainingSpec {
    if (steps == null) {
      throw new ConfigException("steps", "is missing; expected the number of updates");
    }
    batchSize = batchSize == null ? 16 : batchSize;
    seed = seed == null ? 1L : seed;
    validateEvery = validateEvery == null ? 500 : validateEvery;
    validationWindows = validationWindows == null ? 128 : validationWindows;
    checkpointEvery = checkpointEvery == null ? 500 : checkpointEvery;
    logEvery = logEvery == null ? 50 : logEvery;
    optimizer = optimizer == null ? OptimizerSpec.defaults() : optimizer;
    ConfigException.requireAtLeast("steps", steps, 1);
    ConfigException.requireAtLeast("batchSize", batchSize, 1);
    ConfigException.requireAtLeast("validateEvery", validateEvery, 1);
    ConfigException.requireAtLeast("validationWindows", validationWindows, 1);
    ConfigException.requireAtLeast("checkpointEvery", checkpointEvery, 1);
    ConfigException.requireAtLeast("logEvery", logEvery, 1);
  }

  TrainingSpec withStepsAndSeed(int newSteps, long newSeed) {
    return new TrainingSpec(newSteps, batchSize, newSeed, validateEvery, validationWindows, checkpointEvery, logEvery, optimizer);
  }
}
