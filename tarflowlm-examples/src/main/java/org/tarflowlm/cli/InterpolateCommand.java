package org.tarflowlm.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tarflowlm.TarFlowLM;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Walks from one text to another through the model's noise. */
@Command(name = "interpolate", mixinStandardHelpOptions = true, description = {
    "Interpolate between two texts: spherically between their noises, decoded at every step.",
    "The texts must have equally many tokens."})
final class InterpolateCommand implements Runnable {
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

  @Spec
  private CommandSpec spec;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    try (TarFlowLM loaded = model.load()) {
      List<String> texts = loaded.interpolate(from, to, steps, seed);
      if (json) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("model", loaded.name());
        result.put("from", from);
        result.put("to", to);
        result.put("seed", seed);
        result.put("texts", texts);
        out.println(Json.of(result));
      } else {
        texts.forEach(out::println);
      }
    }
  }
}
