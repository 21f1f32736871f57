package org.tarflowlm.train;

import java.util.List;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.Records;
import org.tarflowlm.nn.OptimizerSpec;

/**
 * Steps, batches and optimiser of a run.
 *
 * @param steps number of optimiser updates; required
 * @param batchSize windows per batch; default 16
 * @param accumulate batches per update, whose gradients add up as from one batch of all their windows; default 1
 * @param seed of parameters, window order and noise; default 1
 * @param validateEvery steps between validations; default 500
 * @param validationWindows number of windows of the validation file, evenly spread and always the same; default 128
 * @param flowWindows number of windows of the validation file, evenly spread, on which every validation measures what each flow does
 *     ({@link org.tarflowlm.eval.FlowAccount}); default 8, 0 for none
 * @param patience ends the run after this many validations without a new best; default 0: never
 * @param frozen parameters that do not train: parts such as {@code codebook}, {@code flow0}, {@code flow0.block1}; default none
 * @param emaDecay decay of a moving average of the weights, such as 0.999; default 0: no average. Validation measures both the weights and
 *     their average, and the better of the two can become the best checkpoint
 * @param checkpointEvery steps between checkpoints; default 500
 * @param logEvery steps between progress lines; default 50
 */
public record TrainingSpec(Integer steps, Integer batchSize, Integer accumulate, Long seed, Integer validateEvery,
    Integer validationWindows, Integer flowWindows, Integer patience, List<String> frozen, Double emaDecay, Integer checkpointEvery,
    Integer logEvery, OptimizerSpec optimizer) {

  public TrainingSpec {
    ConfigException.require(steps != null, "steps", "is missing; expected the number of updates");
    batchSize = batchSize == null ? 16 : batchSize;
    accumulate = accumulate == null ? 1 : accumulate;
    seed = seed == null ? 1L : seed;
    validateEvery = validateEvery == null ? 500 : validateEvery;
    validationWindows = validationWindows == null ? 128 : validationWindows;
    flowWindows = flowWindows == null ? 8 : flowWindows;
    patience = patience == null ? 0 : patience;
    frozen = frozen == null ? List.of() : List.copyOf(frozen);
    emaDecay = emaDecay == null ? 0.0 : emaDecay;
    checkpointEvery = checkpointEvery == null ? 500 : checkpointEvery;
    logEvery = logEvery == null ? 50 : logEvery;
    optimizer = optimizer == null ? OptimizerSpec.defaults() : optimizer;
    ConfigException.requireAtLeast("steps", steps, 1);
    ConfigException.requireAtLeast("batchSize", batchSize, 1);
    ConfigException.requireAtLeast("accumulate", accumulate, 1);
    ConfigException.requireAtLeast("validateEvery", validateEvery, 1);
    ConfigException.requireAtLeast("validationWindows", validationWindows, 1);
    ConfigException.requireAtLeast("flowWindows", flowWindows, 0);
    ConfigException.requireAtLeast("patience", patience, 0);
    ConfigException.requireAtLeast("checkpointEvery", checkpointEvery, 1);
    ConfigException.requireAtLeast("logEvery", logEvery, 1);
    ConfigException.require(emaDecay >= 0 && emaDecay < 1, "emaDecay", "is " + emaDecay + "; expected a number in [0, 1)");
  }

  /** This many updates, and defaults for everything else. */
  public static TrainingSpec of(int steps) {
    return new TrainingSpec(steps, null, null, null, null, null, null, null, null, null, null, null, null);
  }

  /** Tokens per update of one worker. */
  long tokensPerStep(int contextLength) {
    return (long) batchSize * accumulate * contextLength;
  }

  public TrainingSpec withSteps(int updates) {
    return Records.with(this, "steps", updates);
  }

  public TrainingSpec withSeed(long value) {
    return Records.with(this, "seed", value);
  }

  public TrainingSpec withPatience(int validations) {
    return Records.with(this, "patience", validations);
  }

  public TrainingSpec withFrozen(List<String> parts) {
    return Records.with(this, "frozen", parts);
  }

  public TrainingSpec withBatchSize(int windows) {
    return Records.with(this, "batchSize", windows);
  }

  public TrainingSpec withValidation(int every, int windows) {
    return Records.with(Records.with(this, "validateEvery", every), "validationWindows", windows);
  }

  public TrainingSpec withCheckpointEvery(int updates) {
    return Records.with(this, "checkpointEvery", updates);
  }

  public TrainingSpec withLogEvery(int updates) {
    return Records.with(this, "logEvery", updates);
  }

  public TrainingSpec withOptimizer(OptimizerSpec value) {
    return Records.with(this, "optimizer", value);
  }
}
