package org.tarflowlm.cli;

import org.tarflowlm.Score;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.generate.FlowView;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows what a model does. */
@Command(name = "demo", mixinStandardHelpOptions = true,
    description = "Load a packaged model (default: text8-coarse-to-fine, whose flows all change the text), score an excerpt of a novel, "
        + "generate 200 characters and show them flow by flow.")
final class DemoCommand extends BaseCommand {
  private static final String DEFAULT = "text8-coarse-to-fine";
  private static final int TOKENS = 200;

  @Mixin
  private ModelOption model;

  @Option(names = "--seed", paramLabel = "S", description = "Seed of the score's noise and of the text; default 1.")
  private long seed = 1;

  @Override
  public Integer call() {
    long begin = System.nanoTime();
    try (TarFlowLM loaded = model.load(DEFAULT)) {
      out().printf("Model %s: %s%,d parameters, loaded in %.1f s%n%n", loaded.name(),
          loaded.info().description() == null ? "" : loaded.info().description().replaceFirst("\\.$", "") + ", ",
          loaded.checkpoint().parameterCount(), secondsSince(begin));

      begin = System.nanoTime();
      Score score = loaded.score(Excerpt.text(), ScoringOptions.defaults().withSeed(seed));
      out().printf("%s%n%n", ScoreCommand.text(score, Excerpt.TITLE, secondsSince(begin)));

      begin = System.nanoTime();
      boolean flows = loaded.config().isFlow();
      GenerationOptions options = loaded.generationOptions().withMaxNewTokens(TOKENS).withSeed(seed).withShowFlows(flows);
      Generation generation = loaded.generate("", options).get(0);
      out().printf("%d characters written in %.1f s (seed %d, temperature %s)%s%n%n", generation.text().length(),
          secondsSince(begin), seed, options.temperature(), flows ? ", flow by flow:" : ":");
      if (flows) {
        new FlowPrinter(out()).print(FlowView.of(generation, loaded.config(), loaded.tokenizer()));
      } else {
        out().println(generation.text());
      }
    }
    return 0;
  }

  private static double secondsSince(long nanos) {
    return (System.nanoTime() - nanos) / 1e9;
  }
}
