package org.tarflowlm.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.tarflowlm.config.ConfigException;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.data.text.TokenSequence;
import org.tarflowlm.data.text.WindowIterator;
import org.tarflowlm.eval.Likelihood;
import org.tarflowlm.eval.LikelihoodEstimate;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.nn.TarFlowNetwork;
import org.tarflowlm.nn.WarmupCosineSchedule;
import org.tarflowlm.zoo.Checkpoint;

/**
 * Trains one model on a file of text: windows in a seeded order, validation and checkpoints at intervals, resumable to the same numbers.
 *
 * <p>The output folder holds {@code run.json} (the configuration), {@code progress.jsonl} (one {@link Progress} a line),
 * {@code state.safetensors} (everything a resumed run needs, see {@link TrainingState}) and {@code best/} (a checkpoint, see
 * {@link BestCheckpoint}). A checkpoint is replaced atomically, so that a run killed at any moment can be resumed.
 */
public final class Trainer {
  private static final Logger LOG = LogManager.getLogger(Trainer.class);
  private static final long VALIDATION_NOISE_SEED = 7;
  /** Folder of the best checkpoint in the output folder. */
  static final String BEST = "best";

  private final RunConfig config;
  private final TrainingSpec spec;
  private final Stage stage;
  private final Path out;
  private final ComputationGraph network;
  private final WindowIterator batches;
  private final int[] validation;
  private final ProgressLog log;
  private final BestCheckpoint best;
  private TrainingState.Counters counters;

  private Trainer(RunConfig config, TokenSequence train, TokenSequence valid, Path out, Stage stage) {
    this.config = config;
    this.spec = config.training();
    this.stage = stage;
    this.out = out;
    this.network = TarFlowNetwork.create(config.model(), spec.optimizer(), spec.steps(), spec.seed(), KernelChoice.AUTO, stage.frozen(),
        DataType.FLOAT);
    stage.carryInto(network);
    this.batches = WindowIterator.builder(train, config.model().contextLength()).batch(spec.batchSize()).shuffled(spec.seed()).endless()
        .build();
    this.validation = evenWindows(valid, config.model().contextLength(), spec.validationWindows());
    this.log = new ProgressLog(out.resolve("progress.jsonl"));
    this.best = new BestCheckpoint(out.resolve(BEST), config);
    this.counters = TrainingState.Counters.START;
  }

  /**
   * A new run.
   *
   * @param out folder to create
   * @throws ConfigException if the folder exists and is not empty
   */
  public static Trainer start(RunConfig config, TokenSequence train, TokenSequence valid, Path out) throws IOException {
    return start(config, train, valid, out, Stage.WHOLE);
  }

  /**
   * A new run that begins with the weights of a checkpoint; its optimiser begins anew.
   *
   * @param config with the checkpoint's model, see {@link FineTuneConfig}
   * @throws ConfigException if the folder exists and is not empty, or the models differ
   */
  public static Trainer startFrom(Checkpoint checkpoint, RunConfig config, TokenSequence train, TokenSequence valid, Path out)
      throws IOException {
    if (!config.model().equals(checkpoint.config())) {
      throw new ConfigException("model", "is not that of the checkpoint; expected " + checkpoint.config().toJson());
    }
    Trainer trainer = start(config, train, valid, out, new Stage(checkpoint.tensors(), List.of(), 0));
    // a run that is stopped before its first checkpoint goes on from these weights too
    TrainingState.save(out.resolve(TrainingState.FILE), trainer.network, trainer.counters);
    return trainer;
  }

  static Trainer start(RunConfig config, TokenSequence train, TokenSequence valid, Path out, Stage stage) throws IOException {
    RunFolder.requireNew(out);
    Trainer trainer = new Trainer(config, train, valid, out, stage);
    RunFolder.create(out, config);
    return trainer;
  }

  /**
   * Goes on with a run from its last checkpoint, or from its start if it has none yet.
   *
   * @throws ConfigException if the folder holds no run, or one of another configuration
   */
  public static Trainer resume(RunConfig config, TokenSequence train, TokenSequence valid, Path out) throws IOException {
    return resume(config, train, valid, out, Stage.WHOLE);
  }

  static Trainer resume(RunConfig config, TokenSequence train, TokenSequence valid, Path out, Stage stage) throws IOException {
    RunFolder.requireRun(out, config);
    Trainer trainer = new Trainer(config, train, valid, out, stage);
    Path state = out.resolve(TrainingState.FILE);
    if (Files.exists(state)) {
      trainer.counters = TrainingState.restore(state, trainer.network);
      trainer.log.truncateAfter(trainer.counters.step());
      trainer.batches.seek(trainer.counters.step());
      LOG.info("resumed at step {}", trainer.counters.step());
    }
    return trainer;
  }

  /** The network being trained. */
  public ComputationGraph network() {
    return network;
  }

  /**
   * Trains to the end, or until {@code interrupted} says so; either way the last state is saved.
   *
   * @return bits per token on the validation windows: of the best checkpoint, and where the run stands
   */
  public TrainingSummary run(BooleanSupplier interrupted) throws IOException {
    int tokensPerStep = spec.batchSize() * config.model().contextLength();
    WarmupCosineSchedule schedule = new WarmupCosineSchedule(spec.optimizer().learningRate(), spec.optimizer().warmupSteps(), spec.steps(),
        spec.optimizer().finalFraction());
    int step = counters.step();
    double seconds = counters.seconds();
    double bestBits = counters.bestBits();
    int bestStep = counters.bestStep();
    double lossSum = 0;
    int losses = 0;
    double secondsAtLine = seconds;
    while (!finished() && !interrupted.getAsBoolean()) {
      MultiDataSet batch = batches.next();
      long begin = System.nanoTime();
      network.fit(batch);
      seconds += (System.nanoTime() - begin) / 1e9;
      closeAll(batch);
      lossSum += network.score();
      losses++;
      step++;
      if (!Double.isFinite(network.score())) {
        throw new IllegalStateException("the loss is " + network.score() + " at step " + step + "; the last checkpoint in " + out
            + " is untouched. Try a lower optimizer.learningRate.");
      }
      boolean end = step == spec.steps();
      boolean validate = end || step % spec.validateEvery() == 0;
      if (validate || step % spec.logEvery() == 0) {
        Double validBits = null;
        if (validate) {
          LikelihoodEstimate valid = validate();
          validBits = valid.bitsPerToken();
          if (validBits < bestBits) {
            bestBits = validBits;
            bestStep = step;
            best.save(network, step, (long) step * tokensPerStep, valid);
          }
        }
        double speed = losses * tokensPerStep / (seconds - secondsAtLine);
        Progress progress = new Progress(step, spec.steps(), lossSum / losses / Math.log(2), validBits, (long) step * tokensPerStep, speed,
            seconds, (spec.steps() - step) * (seconds - secondsAtLine) / losses, schedule.valueAt(step - 1, 0));
        log.append(progress);
        LOG.info(progress.line());
        lossSum = 0;
        losses = 0;
        secondsAtLine = seconds;
      }
      counters = new TrainingState.Counters(step, seconds, bestBits, bestStep);
      if (finished() || step % spec.checkpointEvery() == 0) {
        TrainingState.save(out.resolve(TrainingState.FILE), network, counters);
      }
    }
    if (!finished()) {
      TrainingState.save(out.resolve(TrainingState.FILE), network, counters);
      LOG.info("interrupted at step {}; --resume goes on from here", step);
    }
    return new TrainingSummary(step, spec.steps(), finished(), (long) step * tokensPerStep, seconds, bestBits, network.numParams(),
        config.model().model() == ModelType.TARFLOW ? LikelihoodEstimate.Bound.ELBO : LikelihoodEstimate.Bound.EXACT);
  }

  /** At the last step, or where the last validations brought no new best. A function of the counters, so that a resumed run agrees. */
  private boolean finished() {
    int settledAfter = stage.patience() * spec.validateEvery();
    return counters.step() == spec.steps() || settledAfter > 0 && counters.step() - counters.bestStep() >= settledAfter;
  }

  private LikelihoodEstimate validate() {
    return new Likelihood(TarFlowNetwork.layer(network), VALIDATION_NOISE_SEED).of(validation);
  }

  /** The same windows at every validation, spread evenly over the file. */
  private static int[] evenWindows(TokenSequence tokens, int length, int wanted) {
    long available = tokens.length() / length;
    if (available < 1) {
      throw new ConfigException("the validation file has " + tokens.length() + " tokens; expected at least one window of " + length);
    }
    int windows = (int) Math.min(available, wanted);
    int[] ids = new int[windows * length];
    for (int i = 0; i < windows; i++) {
      tokens.read(available * i / windows * length, ids, i * length, length);
    }
    return ids;
  }

  private static void closeAll(MultiDataSet batch) {
    batch.getFeatures(0).close(); // labels are the same array
  }
}
