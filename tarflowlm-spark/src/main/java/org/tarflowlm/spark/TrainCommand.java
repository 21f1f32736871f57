package org.tarflowlm.spark;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.train.Changes;
import org.tarflowlm.train.FineTuneConfig;
import org.tarflowlm.train.RunConfig;
import org.tarflowlm.train.TrainingSummary;
import org.tarflowlm.zoo.TarFlowZoo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Trains a model on several executors. */
@Command(name = "train", mixinStandardHelpOptions = true,
    description = "Train a model on several workers by parameter averaging. A stopped run continues from its last "
        + "checkpoint with --resume.")
final class TrainCommand extends Commands.OnSpark {
  @Option(names = "--config", required = true, paramLabel = "FILE", description = "Run configuration, as for the local command.")
  private Path config;

  @Option(names = "--train", required = true, paramLabel = "FILE", description = "Text to train on, under a name that every machine "
      + "resolves: on shared storage, a part of a corpus, spark-files:NAME, or hdfs://... or similar, which each machine copies.")
  private String train;

  @Option(names = "--valid", required = true, paramLabel = "FILE", description = "Text that the driver validates on; names as for --train.")
  private String valid;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "The driver's output folder, or hdfs://... or similar: "
      + "new, or with --resume that of an earlier run.")
  private String out;

  @Option(names = "--from", paramLabel = "MODEL", description = "Begin with the weights of this checkpoint.")
  private String from;

  @Option(names = "--seed", paramLabel = "N", description = "Seed of parameters, window order and noise; default: the configuration's.")
  private Long seed;

  @Option(names = "--workers", required = true, paramLabel = "N", description = "Workers that compute updates at once, each on a batch of "
      + "its own: as many as there are task slots.")
  private int workers;

  @Option(names = "--round", paramLabel = "N", description = "Updates between two averages; default 50.")
  private int round = 50;

  @Option(names = "--resume", description = "Continue from the last checkpoint in --out.")
  private boolean resume;

  @Option(names = "--allow-changes", description = "With --resume: continue even if something differs from the run's start.")
  private boolean allowChanges;

  @Mixin
  private Commands.Documents documents;

  @Option(names = "--json", description = "Print the result as one JSON object.")
  private boolean json;

  @Override
  public void run() {
    if (allowChanges && !resume) {
      throw new ParameterException(command(), "--allow-changes was given without --resume; expected both or none");
    }
    Checkpoint start = from == null ? null : TarFlowZoo.resolve(from);
    RunConfig run = start == null ? RunConfig.read(config) : FineTuneConfig.read(config).of(start);
    RunConfig chosen = seed == null ? run : run.withTraining(run.training().withSeed(seed));
    SparkTrainer.Plan plan = new SparkTrainer.Plan(workers, round, documents.options(),
        session.mixedMachines());
    session.run(spark -> {
      SparkTrainer trainer = resume
          ? SparkTrainer.resume(spark, chosen, train, valid, out, plan, allowChanges ? Changes.ALLOW : Changes.REFUSE)
          : SparkTrainer.start(spark, start, chosen, train, valid, out, plan);
      print(trainer.run(() -> false), trainer.rounds());
    });
  }

  private void print(TrainingSummary summary, List<SparkTrainer.Round> rounds) {
    double inRounds = rounds.stream().mapToDouble(SparkTrainer.Round::seconds).sum();
    double inUpdates = rounds.stream().mapToDouble(SparkTrainer.Round::inUpdates).sum();
    Double best = Double.isFinite(summary.bestBits()) ? summary.bestBits() : null;
    if (json) {
      out().println(Commands.json("out", out, "steps", summary.step(), "finished", summary.finished(),
          "tokens", summary.tokens(), "parameters", summary.parameters(), "seconds", summary.seconds(), "bound", summary.bound(),
          "bestValidBitsPerToken", best, "workers", workers, "round", round, "secondsOfRounds", inRounds, "secondsOfUpdates", inUpdates));
      return;
    }
    out().printf(Locale.ROOT, "%s after %d of %d steps of %d workers, %,d tokens, %.0f s: %s%n",
        summary.finished() ? "finished" : "interrupted", summary.step(), summary.steps(), workers, summary.tokens(), summary.seconds(),
        best == null ? "no validation yet" : String.format(Locale.ROOT, "best validation %.4f bits per token (%s)", best, summary.bound()));
  }
}
