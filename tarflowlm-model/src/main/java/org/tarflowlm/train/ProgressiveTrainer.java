package org.tarflowlm.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.safetensors.FloatTensor;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.json.ConfigException;

/**
 * Trains a stack flow by flow (paper section 3.3). It first trains the first flow and the codebook until their steps are used up or
 * validation stops improving. Each further stage trains the next flow on top of the best checkpoint so far, whose parameters are frozen
 * and cost no time in the backward pass.
 *
 * <p>Stage s is a run of its own ({@link Trainer}) of the first s flows, in the folder {@code stage<s>} of the output folder. The best
 * checkpoint of the last stage is the result. A run killed at any moment resumes in its unfinished stage.
 */
public final class ProgressiveTrainer {
  private static final Logger LOG = LogManager.getLogger(ProgressiveTrainer.class);
  private static final Pattern FLOW = Pattern.compile("flow(\\d{1,9})(\\..*)?");

  private final RunConfig config;
  private final ProgressiveSpec spec;
  private final TokenSequence train;
  private final TokenSequence valid;
  private final Path out;
  private final Changes changes;

  private ProgressiveTrainer(RunConfig config, TokenSequence train, TokenSequence valid, Path out, Changes changes) {
    this.config = config;
    this.spec = config.progressive() == null ? ProgressiveSpec.defaults() : config.progressive();
    this.train = train;
    this.valid = valid;
    this.out = out;
    this.changes = changes;
    ConfigException.require(config.model().isFlow(), "model.model", "is " + config.model().model()
        + "; expected TARFLOW: only flows train one by one");
  }

  /**
   * Creates a new run.
   *
   * @param out folder to create
   * @throws ConfigException if the folder exists and is not empty, or the model has no flows
   */
  public static ProgressiveTrainer start(RunConfig config, TokenSequence train, TokenSequence valid, Path out) throws IOException {
    ProgressiveTrainer trainer = new ProgressiveTrainer(config, train, valid, out, Changes.REFUSE);
    RunFolder.requireNew(out);
    RunFolder.create(out, config, RunSources.of(train, valid));
    return trainer;
  }

  /**
   * Resumes a run in its unfinished stage.
   *
   * @throws ConfigException if the folder holds no run, or {@code changes} does not allow that its configuration, text, tokenizer or
   *     program differs
   */
  public static ProgressiveTrainer resume(RunConfig config, TokenSequence train, TokenSequence valid, Path out, Changes changes)
      throws IOException {
    ProgressiveTrainer trainer = new ProgressiveTrainer(config, train, valid, out, changes);
    RunFolder.requireRun(out, config, RunSources.of(train, valid), changes);
    return trainer;
  }

  /** Number of stages: one per flow. */
  public int stages() {
    return config.model().flows().size();
  }

  /** Folder of a stage, counted from 1. */
  public Path folder(int stage) {
    return out.resolve("stage" + stage);
  }

  /**
   * Trains to the end, or until {@code interrupted} returns true; either way the last state is saved.
   *
   * @return summaries of the stages so far; the run is finished if the last stage is among them and finished
   */
  public List<TrainingSummary> run(BooleanSupplier interrupted) throws IOException {
    return RunFolder.holding(out, () -> {
      List<TrainingSummary> summaries = new ArrayList<>();
      for (int stage = 1; stage <= stages(); stage++) {
        TrainingSummary summary = trainer(stage).run(interrupted);
        summaries.add(summary);
        if (!summary.finished()) {
          break;
        }
        LOG.info("stage {} of {}: best validation {} bits per token", stage, stages(), summary.bestBits());
      }
      return summaries;
    });
  }

  private Trainer trainer(int number) throws IOException {
    Stage stage = number == 1 ? new Stage(Map.of(), List.of(), spec.patience())
        : new Stage(Checkpoint.load(folder(number - 1).resolve(Trainer.BEST)).tensors(), frozen(number), spec.patience());
    return RunFolder.holdsRun(folder(number))
        ? Trainer.resume(stageConfig(number), train, valid, folder(number), stage, changes)
        : Trainer.start(stageConfig(number), train, valid, folder(number), stage);
  }

  private static List<String> frozen(int stage) {
    return Stream.concat(Stream.of("codebook."), IntStream.range(0, stage - 1).mapToObj(flow -> "flow" + flow + ".")).toList();
  }

  /** A configuration of the first flows only, with a seed per stage, so that each stage reads the windows in another order. */
  private RunConfig stageConfig(int stage) {
    TarFlowConfig model = config.model().withFlows(config.model().flows().subList(0, stage));
    TrainingSpec training = config.training();
    int steps = spec.steps() == null ? training.steps() : spec.steps().get(stage - 1);
    List<String> parts = training.frozen().stream().filter(part -> flow(part) < stage).toList();
    return new RunConfig(config.tokenizer(), model,
        training.withSteps(steps).withSeed(training.seed() + stage - 1).withFrozen(parts));
  }

  /** Index of the flow to which a part belongs; -1 for other parts. */
  private static int flow(String part) {
    Matcher flow = FLOW.matcher(part);
    return flow.matches() ? Integer.parseInt(flow.group(1)) : -1;
  }

  /**
   * The starting point of one stage of a layer-wise run; an ordinary run is {@link #WHOLE}.
   *
   * @param carried the previous stage's parameters by name, which replace the network's initial ones
   * @param frozen name prefixes of parameters that do not train
   * @param patience number of validations without a new best after which the run ends; 0 for never
   */
  record Stage(Map<String, FloatTensor> carried, List<String> frozen, int patience) {
    static final Stage WHOLE = new Stage(Map.of(), List.of(), 0);
  }
}
