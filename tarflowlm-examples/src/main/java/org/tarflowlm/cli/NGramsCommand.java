package org.tarflowlm.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.UntilInterrupted;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.generate.parallel.NGramDistillation;
import org.tarflowlm.generate.parallel.NGramFile;
import org.tarflowlm.generate.parallel.NGramTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Distils n-grams from a model. */
@Command(name = "ngrams", mixinStandardHelpOptions = true, description = {
    "Distil n-grams from a Mix-d model, for drafts in parallel decoding: the model generates text, and its next-token probabilities are "
        + "summed by context.",
    "A checkpoint's folder that holds the file as " + Checkpoint.NGRAMS + " uses it. If interrupted, the command saves what it has."})
final class NGramsCommand extends BaseCommand {
  private static final Logger LOG = LogManager.getLogger(NGramsCommand.class);
  private static final long LOG_EVERY_NANOS = 10_000_000_000L;

  @Mixin
  private ModelOption model;

  @Option(names = "--tokens", paramLabel = "N", defaultValue = "3000000", description = "tokens to generate; default "
      + "${DEFAULT-VALUE}")
  private int tokens;

  @Option(names = "--order", paramLabel = "N", defaultValue = "7", description = "tokens of the longest n-grams; default ${DEFAULT-VALUE}")
  private int order;

  @Option(names = "--seed", defaultValue = "1", description = "default ${DEFAULT-VALUE}")
  private long seed;

  @Option(names = "--least-total", paramLabel = "X", defaultValue = "3", description = "Drop contexts of three or more tokens seen less "
      + "often than this; default ${DEFAULT-VALUE}.")
  private double leastTotal;

  @Option(names = "--least-weight", paramLabel = "X", defaultValue = "0.2", description = "Drop tokens whose summed probability after a "
      + "context is below this; default ${DEFAULT-VALUE}.")
  private double leastWeight;

  @Option(names = "--out", required = true, paramLabel = "FILE", description = "File to write, such as " + Checkpoint.NGRAMS
      + " in a checkpoint's folder.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    Path folder = out.toAbsolutePath().getParent();
    require(Files.isDirectory(folder), "--out is " + out + "; " + folder + " is not a folder");
    return UntilInterrupted.run(interrupted -> {
      Pace pace = new Pace();
      NGramTable table;
      try (TarFlowLM loaded = model.load()) {
        StackWeights weights = StackWeights.of(loaded.config(), loaded.checkpoint()::values);
        table = NGramDistillation.of(weights, order, tokens, seed, done -> pace.hear(done) && !interrupted.getAsBoolean());
      }
      AtomicFile.writeFile(out, file -> {
        try (OutputStream stream = new BufferedOutputStream(Files.newOutputStream(file))) {
          NGramFile.write(table, leastTotal, leastWeight, stream);
        }
      });
      out().printf("%s: %,d bytes, from %,d tokens%n", out, Files.size(out), pace.done);
      return interrupted.getAsBoolean() ? UntilInterrupted.INTERRUPTED : 0;
    });
  }

  /** Logs progress from time to time. */
  private final class Pace {
    private final long begin = System.nanoTime();
    private long told = begin;
    private int done;

    boolean hear(int written) {
      done = written;
      long now = System.nanoTime();
      if (now - told >= LOG_EVERY_NANOS) {
        told = now;
        double rate = written / ((now - begin) / 1e9);
        LOG.info("{} of {} tokens, {} tokens/s, {} s left", written, tokens, Math.round(rate),
            Math.round(Math.max(0, tokens - written) / rate));
      }
      return true;
    }
  }
}
