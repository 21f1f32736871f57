package org.tarflowlm.cli;

import java.util.List;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Interpolates between two texts through the model's noise. */
@Command(name = "interpolate", mixinStandardHelpOptions = true, description = {
    "Interpolate spherically between the noise of two texts, and decode every step.",
    "The texts must have equally many tokens."})
final class InterpolateCommand extends BaseCommand {
  @Mixin
  private ModelOption model;

  @Option(names = "--from", required = true, paramLabel = "TEXT", description = "The first text.")
  private String from;

  @Option(names = "--to", required = true, paramLabel = "TEXT", description = "The last text.")
  private String to;

  @Option(names = "--steps", paramLabel = "N", defaultValue = "9", description = "Texts, both ends included; default ${DEFAULT-VALUE}.")
  private int steps;

  @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "Seed of the encoder's noise; default ${DEFAULT-VALUE}.")
  private long seed;

  @Option(names = "--json", description = "Print one JSON object: model, from, to, seed, texts.")
  private boolean json;

  @Override
  public Integer call() {
    try (TarFlowLM loaded = model.load()) {
      List<String> texts = loaded.interpolate(from, to, steps, seed);
      if (json) {
        out().println(Json.of(Json.object("model", loaded.name(), "from", from, "to", to, "seed", seed, "texts", texts)));
      } else {
        texts.forEach(out()::println);
      }
    }
    return 0;
  }
}
