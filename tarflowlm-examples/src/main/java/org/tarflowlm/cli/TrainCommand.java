package org.tarflowlm.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.command.UntilInterrupted;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.corpus.Corpora;
import org.tarflowlm.data.tokenize.ByteTokenizer;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.train.Changes;
import org.tarflowlm.train.FineTuneConfig;
import org.tarflowlm.train.ProgressiveTrainer;
import org.tarflowlm.train.RunConfig;
import org.tarflowlm.train.Trainer;
import org.tarflowlm.train.TrainingSpec;
import org.tarflowlm.train.TrainingSummary;
import org.tarflowlm.zoo.TarFlowZoo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains a model on a file of text. */
@Command(name = "train", mixinStandardHelpOptions = true, description = "Train a model on a file of text; interrupt and resume at will.")
final class TrainCommand extends BaseCommand {
  private static final int CHUNK = 1 << 16;

  @Option(names = "--config", required = true, paramLabel = "FILE", description = "Run configuration (JSON: tokenizer, model, training).")
  private Path config;

  @Option(names = "--train", required = true, paramLabel = "FILE",
      description = "Text to train on: a file as for score --input, or a part of a corpus, such as text8:train (see tarflowlm data list).")
  private String train;

  @Option(names = "--valid", required = true, paramLabel = "FILE", description = "Text to validate on, such as text8:valid.")
  private String valid;

  @Option(names = "--out", required = true, paramLabel = "DIR",
      description = "Output folder: new, or with --resume that of an earlier run.")
  private Path out;

  @Option(names = "--from", paramLabel = "MODEL", description = "Start with the weights of this checkpoint (see --model of score); "
      + "--config then needs only \"training\".")
  private String from;

  @Option(names = "--seed", paramLabel = "N", description = "Seed of parameters, window order and noise; default: the configuration's.")
  private Long seed;

  @Option(names = "--patience", paramLabel = "N", description = "End the run after N validations without a new best; default: the "
      + "configuration's, if it has one.")
  private Integer patience;

  @Option(names = "--freeze", split = ",", paramLabel = "PART", description = "Parameters that stay fixed, such as codebook, flow0 or "
      + "flow0.block1; default: the configuration's.")
  private List<String> frozen;

  @Option(names = "--resume", description = "Continue from the last checkpoint in --out.")
  private boolean resume;

  @Option(names = "--allow-changes", description = "With --resume: continue even if the configuration, a text, its tokenizer or the "
      + "program has changed since the run started.")
  private boolean allowChanges;

  @Option(names = "--progressive", description = "Train flow by flow: each on top of the frozen flows before it, in --out/stage1, "
      + "stage2, and so on. The configuration's object \"progressive\" sets the length of each stage.")
  private boolean progressive;

  @Mixin
  private DocumentArguments documents;

  @Option(names = "--json", description = "Print the result as one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    require(from == null || !progressive, "--from and --progressive were both given; expected one of them");
    require(resume || !allowChanges, "--allow-changes was given without --resume; expected both or none");
    Checkpoint start = from == null ? null : TarFlowZoo.resolve(from);
    RunConfig run = start == null ? RunConfig.read(config) : FineTuneConfig.read(config).of(start);
    run = run.withTraining(asked(run.training()));
    Tokenizer tokenizer = Tokenizers.byName(run.tokenizer());
    Corpora corpora = documents.corpora();
    try (TokenSequence training = corpora.openForTraining(train, tokenizer); TokenSequence validation = corpora.open(valid, tokenizer)) {
      requireReadable(train, training, tokenizer, run.model().contextLength());
      requireReadable(valid, validation, tokenizer, run.model().contextLength());
      List<TrainingSummary> stages = progressive ? flowByFlow(run, training, validation) : List.of(whole(start, run, training, validation));
      RunCurves.draw(out);
      int expected = progressive ? run.model().flows().size() : 1;
      TrainingSummary last = stages.get(stages.size() - 1);
      boolean finished = stages.size() == expected && last.finished();
      print(stages, finished);
      return finished ? 0 : UntilInterrupted.INTERRUPTED;
    }
  }

  /** Applies the command line's options, which override the configuration. */
  private TrainingSpec asked(TrainingSpec training) {
    TrainingSpec result = seed == null ? training : training.withSeed(seed);
    result = patience == null ? result : result.withPatience(patience);
    return frozen == null ? result : result.withFrozen(frozen);
  }

  private Changes changes() {
    return allowChanges ? Changes.ALLOW : Changes.REFUSE;
  }

  private TrainingSummary whole(Checkpoint start, RunConfig run, TokenSequence training, TokenSequence validation) throws IOException {
    Trainer trainer;
    if (resume) {
      trainer = Trainer.resume(run, training, validation, out, changes());
    } else {
      trainer = start == null
          ? Trainer.start(run, training, validation, out) : Trainer.startFrom(start, run, training, validation, out);
    }
    return UntilInterrupted.run(trainer::run);
  }

  private List<TrainingSummary> flowByFlow(RunConfig run, TokenSequence training, TokenSequence validation) throws IOException {
    ProgressiveTrainer trainer = resume
        ? ProgressiveTrainer.resume(run, training, validation, out, changes()) : ProgressiveTrainer.start(run, training, validation, out);
    return UntilInterrupted.run(trainer::run);
  }

  /** Refuses unusable text before anything is written, rather than in the middle of the run. */
  private static void requireReadable(String file, TokenSequence tokens, Tokenizer tokenizer, int window) {
    if (tokens.length() < window) {
      throw new DataException(file + " has " + tokens.length() + " tokens; expected at least a window of " + window);
    }
    if (tokenizer instanceof ByteTokenizer) {
      int[] ids = new int[CHUNK];
      for (long at = 0; at < tokens.length(); at += CHUNK) {
        tokens.read(at, ids, 0, (int) Math.min(CHUNK, tokens.length() - at));
      }
    }
  }

  private void print(List<TrainingSummary> stages, boolean finished) {
    if (json) {
      Map<String, Object> result = Json.object("out", out.toString());
      if (progressive) {
        result.put("finished", finished);
        result.put("stages", stages.stream().map(TrainCommand::facts).toList());
      } else {
        result.putAll(facts(stages.get(0)));
      }
      out().println(Json.of(result));
      return;
    }
    for (int i = 0; i < stages.size(); i++) {
      TrainingSummary summary = stages.get(i);
      out().printf("%s%s after %d of %d steps, %,d tokens, %.0f s: %s%n",
          progressive ? "stage " + (i + 1) + " " : "", summary.finished() ? "finished" : "interrupted", summary.step(), summary.steps(),
          summary.tokens(), summary.seconds(), Double.isFinite(summary.bestBits())
              ? String.format("best validation %.4f bits per token (%s)", summary.bestBits(), summary.bound())
              : "no validation yet");
    }
  }

  private static Map<String, Object> facts(TrainingSummary summary) {
    return Json.object("steps", summary.step(), "finished", summary.finished(), "tokens", summary.tokens(),
        "parameters", summary.parameters(), "seconds", summary.seconds(), "bound", summary.bound(),
        "bestValidBitsPerToken", Double.isFinite(summary.bestBits()) ? summary.bestBits() : null);
  }
}
