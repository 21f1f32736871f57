package org.tarflowlm.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.data.DataException;
import org.tarflowlm.generate.FlowView;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Generates text. */
@Command(name = "generate", mixinStandardHelpOptions = true, description = {
    "Generate text, with or without a prompt.",
    "Text longer than the model's window is generated window by window; each takes the last half window as context."})
final class GenerateCommand extends BaseCommand {
  @Mixin
  private ModelOption model;

  @Option(names = "--prompt", paramLabel = "TEXT", description = "Text to continue; default: none.")
  private String prompt;

  @Option(names = "--prompts", paramLabel = "FILE", description = "Continue each line of this file (UTF-8) independently.")
  private Path prompts;

  @Mixin
  private GenerationArguments arguments;

  @Option(names = "--show-flows",
      description = "Show the text after every flow, from noise to the end, with the characters that each flow changed.")
  private boolean showFlows;

  @Mixin
  private FlowOutputs files;

  @Option(names = "--json", description = "Print one JSON object: model, prompt, options, seconds, generations; with --prompts, a list of "
      + "prompts with their generations.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    arguments.over(GenerationOptions.defaults());
    require(prompt == null || prompts == null, "--prompt and --prompts were both given; expected one of them");
    List<String> all = prompts == null ? List.of(prompt == null ? "" : prompt) : lines();
    try (TarFlowLM loaded = model.load()) {
      boolean flows = showFlows || files.any();
      if (flows) {
        FlowReport.requireFlows(loaded);
      }
      GenerationOptions options = arguments.over(loaded).withShowFlows(flows);
      if (!json && !flows && options.batchSize() == 1 && all.size() == 1) {
        stream(loaded, all.get(0), options);
        return 0;
      }
      long begin = System.nanoTime();
      List<List<Generation>> generations = loaded.generate(all, options);
      writeFiles(loaded, all, generations);
      if (json) {
        out().println(json(loaded, all, options, generations, (System.nanoTime() - begin) / 1e9));
        return 0;
      }
      for (int i = 0; i < all.size(); i++) {
        print(loaded, all.get(i), generations.get(i), flows);
      }
      noteApproximation(err(), generations.stream().flatMap(List::stream).toList());
    }
    return 0;
  }

  private List<String> lines() throws IOException {
    if (!Files.isReadable(prompts) || Files.isDirectory(prompts)) {
      throw new DataException("the file of prompts " + prompts + " does not exist or cannot be read");
    }
    try {
      List<String> lines = Files.readAllLines(prompts);
      if (lines.isEmpty()) {
        throw new DataException(prompts + " is empty; expected one prompt per line");
      }
      return lines;
    } catch (CharacterCodingException e) {
      throw new DataException(prompts + " is not UTF-8", e);
    }
  }

  private void writeFiles(TarFlowLM loaded, List<String> all, List<List<Generation>> generations) throws IOException {
    if (files.any()) {
      List<FlowReport> reports = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        for (Generation each : generations.get(i)) {
          reports.add(FlowReport.of(all.get(i), each, "", loaded));
        }
      }
      files.write("A text of " + loaded.name(), reports);
    }
  }

  /** Prints a single text while it is generated. */
  private void stream(TarFlowLM loaded, String before, GenerationOptions options) {
    TextStream stream = new TextStream(loaded.tokenizer(), out(), options.stopStrings());
    loaded.tokenizer().encode(before); // Reports an invalid prompt before printing.
    stream.prompt(before);
    List<Generation> generations = loaded.generate(before, options, stream);
    stream.end();
    noteApproximation(err(), generations);
  }

  private void print(TarFlowLM loaded, String before, List<Generation> generations, boolean flows) {
    if (!flows) {
      generations.forEach(each -> out().println(before + each.text()));
      return;
    }
    if (!before.isEmpty()) {
      out().printf("prompt, held fixed%n  %s%n%n", before);
    }
    generations.forEach(each -> new FlowPrinter(out()).print(FlowView.of(each, loaded.config(), loaded.tokenizer())));
  }

  /** Prints a note on standard error if a text is not an exact sample. */
  static void noteApproximation(PrintWriter err, List<Generation> generations) {
    if (generations.stream().anyMatch(each -> !each.exact())) {
      err.println("tarflowlm: this model's flows continue a text only approximately; --refinements brings "
          + "the sample nearer to the model");
    }
  }

  private String json(TarFlowLM model, List<String> all, GenerationOptions options, List<List<Generation>> generations, double seconds) {
    Map<String, Object> result = Json.object("model", model.name());
    if (prompts == null) {
      result.put("prompt", all.get(0));
    }
    result.putAll(Json.object("options", options, "seconds", seconds, "exactMeans",
        "latents are a draw from the model, given the prompt's latents; tokens are the most probable ones of their latents"));
    List<Map<String, Object>> texts = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      texts.add(Json.object("prompt", all.get(i), "generations", texts(model, all.get(i), options, generations.get(i))));
    }
    if (prompts == null) {
      result.put("generations", texts.get(0).get("generations"));
    } else {
      result.put("prompts", texts);
    }
    return Json.of(result);
  }

  private static List<Map<String, Object>> texts(TarFlowLM model, String prompt, GenerationOptions options, List<Generation> generations) {
    List<Map<String, Object>> texts = new ArrayList<>();
    for (Generation each : generations) {
      Map<String, Object> text = Json.object("text", each.text(), "tokens", each.tokens().length, "exact", each.exact(),
          "accepted", each.accepted());
      if (options.showFlows()) {
        text.put("flows", FlowReport.of(prompt, each, "", model).passes());
      }
      texts.add(text);
    }
    return texts;
  }
}
