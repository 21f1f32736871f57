package org.tarflowlm.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.tarflowlm.config.RecordJson;
import org.tarflowlm.data.text.TokenSequence;
import org.tarflowlm.data.text.TokenSequences;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.train.RunConfig;
import org.tarflowlm.train.Trainer;
import org.tarflowlm.train.TrainingSummary;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains a model on a file of text. */
@Command(name = "train", mixinStandardHelpOptions = true, description = "Train a model on a file of text; interrupt and resume at will.")
final class TrainCommand implements Callable<Integer> {
  private static final int INTERRUPTED = 130;
  private static final long SECONDS_TO_SAVE = 60;

  @Option(names = "--config", required = true, paramLabel = "FILE", description = "Run configuration (JSON: tokenizer, model, training).")
  private Path config;

  @Option(names = "--train", required = true, paramLabel = "FILE",
      description = "Text to train on (plain, .gz, .bz2, .xz, or archive.zip!member).")
  private String train;

  @Option(names = "--valid", required = true, paramLabel = "FILE", description = "Text to validate on.")
  private String valid;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "Output folder: new, or with --resume that of an earlier run.")
  private Path out;

  @Option(names = "--resume", description = "Go on from the last checkpoint in --out.")
  private boolean resume;

  @Option(names = "--json", description = "Print the result as one JSON object.")
  private boolean json;

  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    RunConfig run = RecordJson.read(config, RunConfig.class);
    Tokenizer tokenizer = Tokenizers.byName(run.tokenizer());
    try (TokenSequence training = TokenSequences.open(train, tokenizer); TokenSequence validation = TokenSequences.open(valid, tokenizer)) {
      Trainer trainer = resume ? Trainer.resume(run, training, validation, out) : Trainer.start(run, training, validation, out);
      TrainingSummary summary = runUntilInterrupted(trainer);
      print(summary);
      return summary.finished() ? 0 : INTERRUPTED;
    }
  }

  /** On Ctrl-C or a termination signal the run ends its step and saves its state before the process goes. */
  private static TrainingSummary runUntilInterrupted(Trainer trainer) throws IOException {
    AtomicBoolean interrupted = new AtomicBoolean();
    CountDownLatch saved = new CountDownLatch(1);
    Thread hook = new Thread(() -> {
      interrupted.set(true);
      try {
        saved.await(SECONDS_TO_SAVE, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }, "tarflowlm-save");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      return trainer.run(interrupted::get);
    } finally {
      saved.countDown();
      if (!interrupted.get()) {
        Runtime.getRuntime().removeShutdownHook(hook);
      }
    }
  }

  private void print(TrainingSummary summary) {
    if (json) {
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("out", out.toString());
      result.put("steps", summary.step());
      result.put("finished", summary.finished());
      result.put("tokens", summary.tokens());
      result.put("parameters", summary.parameters());
      result.put("seconds", summary.seconds());
      result.put("bound", summary.bound());
      result.put("bestValidBitsPerToken", Double.isFinite(summary.bestBits()) ? summary.bestBits() : null);
      spec.commandLine().getOut().println(Json.of(result));
    } else {
      spec.commandLine().getOut().printf("%s after %d of %d steps, %,d tokens, %.0f s: best validation %.4f bits per token (%s)%n",
          summary.finished() ? "finished" : "interrupted", summary.step(), summary.steps(), summary.tokens(), summary.seconds(),
          summary.bestBits(), summary.bound());
    }
  }
}
