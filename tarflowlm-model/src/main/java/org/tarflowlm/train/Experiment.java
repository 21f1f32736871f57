package org.tarflowlm.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.config.PaperConfigs;
import org.tarflowlm.data.corpus.Corpora;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.file.FileLocks;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.Likelihood;
import org.tarflowlm.eval.LikelihoodEstimate;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.RecordJson;
import org.tarflowlm.nn.TarFlowNetwork;

/**
 * Trains several models on one text and scores them on another, as in the paper's Table 2.
 *
 * <p>Each row is one run, or one per seed. A run has its own folder under the output folder, with its figures in {@code result.json} once
 * it is scored. Finished runs are skipped, and unfinished ones continue from their last checkpoint. So an experiment may be interrupted at
 * any time, and it also continues runs that {@code tarflowlm train} started with the same configuration. Several processes may share an
 * experiment: each takes runs that no other process is working on.
 */
public final class Experiment {
  private static final Logger LOG = LogManager.getLogger(Experiment.class);
  private static final String RESULT = "result.json";
  private static final long NOISE_SEED = 1;
  /** System property that the launcher sets. */
  private static final String COMMIT = "tarflowlm.commit";

  private final ExperimentSpec spec;
  private final Path specFile;
  private final Texts texts;
  private final int samples;
  private final Path out;
  private final Changes changes;

  /**
   * The texts: each is a file, a compressed file or {@code archive.zip#member}.
   *
   * @param train training text
   * @param valid text that selects the best checkpoint
   * @param test text for the reported figures
   */
  public record Texts(String train, String valid, String test) {}

  /**
   * @param specFile JSON of an {@link ExperimentSpec}
   * @param samples K of the importance-weighted bound; 1 leaves it out
   * @param out folder of the runs; created if missing
   * @param changes whether to accept runs of an older program
   * @throws ConfigException if the file is not a valid experiment, or a row gives a published figure for a model that does not have the
   *     form of the paper's model
   */
  public Experiment(Path specFile, Texts texts, int samples, Path out, Changes changes) {
    this.spec = RecordJson.read(specFile, ExperimentSpec.class);
    this.specFile = specFile.toAbsolutePath();
    this.texts = texts;
    this.samples = samples;
    this.out = out;
    this.changes = changes;
    for (ExperimentSpec.Row row : spec.rows()) {
      if (row.published() != null
          && !PaperConfigs.hasForm(RunConfig.read(this.specFile.resolveSibling(row.config())).model(), row.progressive())) {
        throw new ConfigException(specFile + ": row " + row.name() + " has a published figure; expected none, since the model of "
            + row.config() + " does not have the form of the paper's model");
      }
    }
  }

  public ExperimentSpec spec() {
    return spec;
  }

  /** Figures of the finished runs, in the order of the experiment. */
  public List<ExperimentRow> results() {
    List<ExperimentRow> results = new ArrayList<>();
    for (ExperimentSpec.Row row : spec.rows()) {
      for (ExperimentSpec.Run run : spec.runs(row)) {
        Path file = folder(run).resolve(RESULT);
        if (Files.isRegularFile(file)) {
          results.add(RecordJson.read(file, ExperimentRow.class));
        }
      }
    }
    return results;
  }

  /** State of a run. */
  public enum Outcome {
    FINISHED,
    INTERRUPTED,
    /** Another process is working on it. */
    BUSY
  }

  /** Folder of a run. */
  public Path folder(ExperimentSpec.Run run) {
    return out.resolve(run.folder());
  }

  /**
   * Trains and scores one run, unless it is finished or another process is working on it.
   *
   * @throws ConfigException if its folder holds a run with another configuration
   */
  public Outcome run(ExperimentSpec.Run run, BooleanSupplier interrupted) throws IOException {
    if (Files.isRegularFile(folder(run).resolve(RESULT))) {
      return Outcome.FINISHED;
    }
    Files.createDirectories(out);
    return FileLocks.tryHolding(out.resolve("." + run.folder() + ".lock"), () -> trainAndScore(run, interrupted)).orElse(Outcome.BUSY);
  }

  /** Updates the table in a report; processes that share the experiment do so one after another. */
  public void report(Path file) throws IOException {
    Files.createDirectories(out);
    FileLocks.holding(out.resolve(".report.lock"), () -> {
      ExperimentReport.write(file, spec, results());
      return null;
    });
  }

  private Outcome trainAndScore(ExperimentSpec.Run run, BooleanSupplier interrupted) throws IOException {
    Path folder = folder(run);
    if (Files.isRegularFile(folder.resolve(RESULT))) {
      return Outcome.FINISHED; // another process has just finished it
    }
    RunConfig named = RunConfig.read(specFile.resolveSibling(run.row().config()));
    RunConfig config = run.seed() == null ? named : named.withTraining(named.training().withSeed(run.seed()));
    Tokenizer tokenizer = Tokenizers.byName(config.tokenizer());
    List<TrainingSummary> stages;
    Path best;
    Corpora corpora = Corpora.fromEnvironment();
    try (TokenSequence train = corpora.openForTraining(texts.train(), tokenizer);
        TokenSequence valid = corpora.open(texts.valid(), tokenizer)) {
      LOG.info("{}: training", run.folder());
      if (run.row().progressive()) {
        ProgressiveTrainer trainer = RunFolder.holdsRun(folder)
            ? ProgressiveTrainer.resume(config, train, valid, folder, changes) : ProgressiveTrainer.start(config, train, valid, folder);
        stages = trainer.run(interrupted);
        best = trainer.folder(trainer.stages()).resolve(Trainer.BEST);
        if (stages.size() < trainer.stages()) {
          return Outcome.INTERRUPTED;
        }
      } else {
        Trainer trainer = RunFolder.holdsRun(folder)
            ? Trainer.resume(config, train, valid, folder, changes) : Trainer.start(config, train, valid, folder);
        stages = List.of(trainer.run(interrupted));
        best = folder.resolve(Trainer.BEST);
      }
    }
    if (!stages.get(stages.size() - 1).finished()) {
      return Outcome.INTERRUPTED;
    }
    AtomicFile.write(folder.resolve(RESULT), RecordJson.write(score(run.row(), stages, best, config)));
    return Outcome.FINISHED;
  }

  private ExperimentRow score(ExperimentSpec.Row row, List<TrainingSummary> stages, Path best, RunConfig config) throws IOException {
    ComputationGraph network = CheckpointNetworks.network(Checkpoint.load(best));
    try (TokenSequence test = Corpora.fromEnvironment().open(texts.test(), Tokenizers.byName(config.tokenizer()))) {
      LOG.info("{}: scoring {} tokens", row.name(), test.length());
      LikelihoodEstimate one = new Likelihood(TarFlowNetwork.layer(network), NOISE_SEED).of(test);
      boolean exact = one.bound() == LikelihoodEstimate.Bound.EXACT;
      LikelihoodEstimate weighted = exact || samples == 1 ? one
          : new Likelihood(TarFlowNetwork.layer(network), NOISE_SEED, samples).of(test);
      TrainingSummary last = stages.get(stages.size() - 1);
      return new ExperimentRow(row.name(), row.label(), row.published(), one.bound().name(), last.parameters(),
          stages.stream().mapToLong(TrainingSummary::tokens).sum(), stages.stream().mapToInt(TrainingSummary::step).sum(),
          stages.stream().mapToDouble(TrainingSummary::seconds).sum(), one.bitsPerToken(), one.standardErrorBits(), exact ? 1 : samples,
          weighted.bitsPerToken(), weighted.standardErrorBits(), one.tokens(),
          config.training().seed(), System.getProperty(COMMIT));
    }
  }
}
