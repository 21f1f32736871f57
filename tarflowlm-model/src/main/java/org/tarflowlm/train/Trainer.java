package org.tarflowlm.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.FlowAccount;
import org.tarflowlm.eval.Likelihood;
import org.tarflowlm.eval.LikelihoodEstimate;
import org.tarflowlm.eval.TokenWindows;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.nn.TarFlowNetwork;
import org.tarflowlm.nn.WarmupCosineSchedule;

/**
 * Trains one model on a text: windows in a seeded order, with validations and checkpoints at intervals. A run that is resumed gives the
 * same numbers as an uninterrupted one.
 *
 * <p>The output folder holds {@code run.json} (the configuration), {@code progress.jsonl} (one {@link ProgressLog.Line} per line),
 * {@code state.safetensors} (everything a resumed run needs, see {@link TrainingState}) and {@code best/} (a checkpoint). Files are
 * replaced atomically, so that a run killed at any moment can be resumed.
 */
public final class Trainer {
  private static final Logger LOG = LogManager.getLogger(Trainer.class);
  private static final long VALIDATION_NOISE_SEED = 7;
  private static final int MOST_SKIPPED = 100;
  /** Name of the best checkpoint's folder in the output folder. */
  static final String BEST = "best";

  private final RunConfig config;
  private final TrainingSpec spec;
  private final ProgressiveTrainer.Stage stage;
  private final Path out;
  private final ComputationGraph network;
  private Workers workers;
  private final int[] validation;
  /** Windows for the account of each flow, [windows][tokens]; null if the run makes none. */
  private final int[][] flowText;
  private final ProgressLog log;
  private final WarmupCosineSchedule schedule;
  /** Null unless the run has a moving average of its weights. */
  private final TrainingState.WeightAverage average;
  private TrainingState.Counters counters;
  private CheckpointListener checkpoints = step -> { };

  private Trainer(RunConfig config, TokenSequence train, TokenSequence valid, Path out, ProgressiveTrainer.Stage stage) {
    this.config = config;
    this.spec = config.training();
    this.stage = stage;
    this.out = out;
    TrainingWorker worker = new TrainingWorker(config, train, stage.frozen(), 0, 1);
    this.workers = worker;
    this.network = worker.network();
    CheckpointNetworks.assign(stage.carried(), network);
    int length = config.model().contextLength();
    this.validation = Arrays.stream(TokenWindows.spread(valid, length, spec.validationWindows())).flatMapToInt(Arrays::stream).toArray();
    this.flowText = config.model().isFlow() && spec.flowWindows() > 0 ? TokenWindows.spread(valid, length, spec.flowWindows()) : null;
    this.log = new ProgressLog(out.resolve("progress.jsonl"));
    this.schedule = new WarmupCosineSchedule(spec.optimizer().learningRate(), spec.optimizer().warmupSteps(), spec.steps(),
        spec.optimizer().finalFraction());
    this.average = spec.emaDecay() > 0 ? new TrainingState.WeightAverage(network.params(), spec.emaDecay()) : null;
    this.counters = TrainingState.Counters.START;
  }

  /**
   * Creates a new run.
   *
   * @param out folder to create
   * @throws ConfigException if the folder exists and is not empty
   */
  public static Trainer start(RunConfig config, TokenSequence train, TokenSequence valid, Path out) throws IOException {
    return start(config, train, valid, out, ProgressiveTrainer.Stage.WHOLE);
  }

  /**
   * Creates a new run that starts with a checkpoint's weights and a fresh optimiser.
   *
   * @param config with the checkpoint's model, see {@link FineTuneConfig}
   * @throws ConfigException if the folder exists and is not empty, or the models differ
   */
  public static Trainer startFrom(Checkpoint checkpoint, RunConfig config, TokenSequence train, TokenSequence valid, Path out)
      throws IOException {
    ConfigException.require(config.model().equals(checkpoint.config()), "model", "is not that of the checkpoint; expected "
        + checkpoint.config().toJson());
    Trainer trainer = start(config, train, valid, out, new ProgressiveTrainer.Stage(checkpoint.tensors(), List.of(), 0));
    // so that a run stopped before its first checkpoint also continues from these weights
    TrainingState.save(out.resolve(TrainingState.FILE), trainer.network, trainer.average, trainer.counters);
    return trainer;
  }

  static Trainer start(RunConfig config, TokenSequence train, TokenSequence valid, Path out, ProgressiveTrainer.Stage stage)
      throws IOException {
    RunFolder.requireNew(out);
    Trainer trainer = new Trainer(config, train, valid, out, stage);
    RunFolder.create(out, config, RunSources.of(train, valid));
    return trainer;
  }

  /**
   * Resumes a run from its last checkpoint, or from its start if it has none yet.
   *
   * @throws ConfigException if the folder holds no run, or {@code changes} does not allow that its configuration, text, tokenizer or
   *     program differs
   */
  public static Trainer resume(RunConfig config, TokenSequence train, TokenSequence valid, Path out, Changes changes) throws IOException {
    return resume(config, train, valid, out, ProgressiveTrainer.Stage.WHOLE, changes);
  }

  static Trainer resume(RunConfig config, TokenSequence train, TokenSequence valid, Path out, ProgressiveTrainer.Stage stage,
      Changes changes) throws IOException {
    RunFolder.requireRun(out, config, RunSources.of(train, valid), changes);
    Trainer trainer = new Trainer(config, train, valid, out, stage);
    Path state = out.resolve(TrainingState.FILE);
    if (Files.exists(state)) {
      trainer.counters = TrainingState.restore(state, trainer.network, trainer.average);
      LOG.info("resumed at step {}", trainer.counters.step());
    }
    return trainer;
  }

  /**
   * Lets other workers compute the updates; call it before {@link #run}.
   *
   * @throws ConfigException if the run averages its weights, and the workers would compute several updates between two averages
   */
  public Trainer on(Workers others) {
    if (average != null && others.round() > 1) {
      throw new ConfigException("emaDecay", "is " + spec.emaDecay() + " with rounds of " + others.round() + " updates; "
          + "expected 0, or rounds of 1 update");
    }
    workers = others;
    return this;
  }

  /** Sets the listener to call after every checkpoint that {@link #run} writes. */
  public Trainer onCheckpoint(CheckpointListener listener) {
    checkpoints = listener;
    return this;
  }

  /** The network being trained. */
  public ComputationGraph network() {
    return network;
  }

  /**
   * Trains to the end, or until {@code interrupted} returns true; either way the last state is saved.
   *
   * @return how far the run is, and the best checkpoint's bits per token on the validation windows
   * @throws IllegalStateException if the loss is not finite, or {@value #MOST_SKIPPED} updates in a row were skipped
   * @throws ConfigException if another process is writing this run, or has continued it since it was resumed here
   */
  public TrainingSummary run(BooleanSupplier interrupted) throws IOException {
    return RunFolder.holding(out, () -> {
      int saved = TrainingState.savedStep(out.resolve(TrainingState.FILE));
      if (saved != counters.step()) {
        throw new ConfigException("the run in " + out + " is at step " + saved + " by now; expected step " + counters.step()
            + ": another process has continued it");
      }
      log.truncateAfter(counters.step());
      return train(interrupted);
    });
  }

  private TrainingSummary train(BooleanSupplier interrupted) throws IOException {
    while (!finished() && !interrupted.getAsBoolean()) {
      int steps = roundSteps();
      long begin = System.nanoTime();
      List<TarFlowNetwork.Step> taken = workers.take(network, counters.step(), steps);
      double took = (System.nanoTime() - begin) / 1e9 / steps;
      for (TarFlowNetwork.Step each : taken) {
        add(each, took);
      }
      if (finished() || counters.step() % spec.checkpointEvery() == 0) {
        save();
      }
    }
    if (!finished()) {
      save();
      LOG.info("interrupted at step {}; --resume continues from here", counters.step());
    }
    return new TrainingSummary(counters.step(), spec.steps(), finished(), counters.step() * tokensPerStep(), counters.seconds(),
        counters.bestBits(), network.numParams(), config.model().isFlow() ? LikelihoodEstimate.Bound.ELBO : LikelihoodEstimate.Bound.EXACT);
  }

  private void save() throws IOException {
    TrainingState.save(out.resolve(TrainingState.FILE), network, average, counters);
    checkpoints.saved(counters.step());
  }

  /** Number of updates in the workers' next round, which ends at the latest at a validation or checkpoint. */
  private int roundSteps() {
    int step = counters.step();
    int toValidation = spec.validateEvery() - step % spec.validateEvery();
    int toCheckpoint = spec.checkpointEvery() - step % spec.checkpointEvery();
    return Math.min(Math.min(workers.round(), spec.steps() - step), Math.min(toValidation, toCheckpoint));
  }

  private void add(TarFlowNetwork.Step taken, double took) throws IOException {
    int step = counters.step() + 1;
    if (average != null && !taken.skipped()) {
      average.add(step);
    }
    int inARow = taken.skipped() ? counters.skippedInARow() + 1 : 0;
    counters = new TrainingState.Counters(step, counters.seconds() + took, counters.bestBits(), counters.bestStep(),
        counters.skipped() + (taken.skipped() ? 1 : 0), inARow, counters.line().plus(taken.loss(), took));
    requireProgress(taken, inARow);
    boolean validates = step == spec.steps() || step % spec.validateEvery() == 0;
    if (validates || step % spec.logEvery() == 0) {
      report(validates);
      counters = counters.withLine(ProgressLog.Sums.EMPTY);
    }
  }

  /** Tokens per update, over all workers. */
  private long tokensPerStep() {
    return spec.tokensPerStep(config.model().contextLength()) * workers.count();
  }

  private void requireProgress(TarFlowNetwork.Step taken, int skippedInARow) {
    if (!taken.skipped() && !Double.isFinite(taken.loss())) {
      throw new IllegalStateException("the loss is " + taken.loss() + " at step " + counters.step() + "; the last checkpoint in " + out
          + " is untouched. Try a lower optimizer.learningRate, or optimizer.skipNorm.");
    }
    if (skippedInARow == MOST_SKIPPED) {
      throw new IllegalStateException("the last " + MOST_SKIPPED + " updates before step " + counters.step()
          + " were skipped: the gradient's norm stays above optimizer.skipNorm " + spec.optimizer().skipNorm()
          + " or is not a number; the last checkpoint in " + out + " is untouched");
    }
  }

  private void report(boolean validates) throws IOException {
    int step = counters.step();
    Validated valid = validates ? validate() : Validated.NOTHING;
    double secondsPerStep = counters.line().secondsPerStep();
    ProgressLog.Line line = new ProgressLog.Line(step, spec.steps(), counters.line().bits(), valid.bits, valid.averageBits,
        step * tokensPerStep(), tokensPerStep() / secondsPerStep, counters.seconds(), (spec.steps() - step) * secondsPerStep,
        schedule.valueAt(step - 1, 0), spec.optimizer().skipNorm() > 0 ? counters.skipped() : null, valid.flows);
    log.append(line);
    LOG.info(line.forPeople());
  }

  /** Figures of a validation; all but {@code averageBits} belong to the current weights, not their average. */
  private record Validated(Double bits, Double averageBits, List<FlowAccount.Level> flows) {
    static final Validated NOTHING = new Validated(null, null, null);
  }

  /** Measures the weights and their average, and saves the better of the two if it is the best so far. */
  private Validated validate() {
    LikelihoodEstimate own = likelihood();
    LikelihoodEstimate averaged = average == null ? null : average.using(this::likelihood);
    List<FlowAccount.Level> flows = flowText == null ? null
        : FlowAccount.of(TarFlowNetwork.layer(network), flowText, VALIDATION_NOISE_SEED).levels();
    boolean averageIsBetter = averaged != null && averaged.bitsPerToken() < own.bitsPerToken();
    LikelihoodEstimate better = averageIsBetter ? averaged : own;
    if (better.bitsPerToken() < counters.bestBits()) {
      counters = counters.withBest(better.bitsPerToken());
      Supplier<Void> save = () -> {
        RunFolder.saveBest(out.resolve(BEST), config, network, counters.step(), counters.step() * tokensPerStep(), better, averageIsBetter);
        return null;
      };
      if (averageIsBetter) {
        average.using(save);
      } else {
        save.get();
      }
    }
    return new Validated(own.bitsPerToken(), averaged == null ? null : averaged.bitsPerToken(), flows);
  }

  /** Whether the steps or the patience are used up. Depends on the counters alone, so that a resumed run gives the same answer. */
  private boolean finished() {
    int stepsWithoutBest = (stage.patience() > 0 ? stage.patience() : spec.patience()) * spec.validateEvery();
    return counters.step() == spec.steps() || stepsWithoutBest > 0 && counters.step() - counters.bestStep() >= stepsWithoutBest;
  }

  private LikelihoodEstimate likelihood() {
    return new Likelihood(TarFlowNetwork.layer(network), VALIDATION_NOISE_SEED).of(validation);
  }
}
