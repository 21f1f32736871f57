package org.tarflowlm.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.data.DataException;
import org.tarflowlm.generate.FlowView;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes text. */
@Command(name = "generate", mixinStandardHelpOptions = true, description = {
    "Write text, with or without a prompt.",
    "Text beyond the model's window is written window by window, each with the last half window as context."})
final class GenerateCommand extends BaseCommand implements Runnable {
  @Mixin
  private ModelOption model;

  @Option(names = "--prompt", paramLabel = "TEXT", description = "Text to continue; default: none.")
  private String prompt;

  @Option(names = "--prompts", paramLabel = "FILE", description = "Continue each line of this file (UTF-8) as if it were alone.")
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
  public void run() {
    arguments.over(GenerationOptions.defaults());
    require(prompt == null || prompts == null, "--prompt and --prompts are both given; expected one of them");
    List<String> all = prompts == null ? List.of(prompt == null ? "" : prompt) : lines();
    try (TarFlowLM loaded = model.load()) {
      boolean flows = showFlows || files.any();
      if (flows && loaded.config().model() != ModelType.TARFLOW) {
        throw new IllegalArgumentException("the model " + loaded.name() + " is discrete: it has no flows to show");
      }
      GenerationOptions options = arguments.over(loaded).withShowFlows(flows);
      PrintWriter out = out();
      if (json) {
        long begin = System.nanoTime();
        List<List<Generation>> generations = loaded.generate(all, options);
        writeFiles(loaded, all, generations);
        double seconds = (System.nanoTime() - begin) / 1e9;
        out.println(prompts == null ? GenerationJson.of(loaded, all.get(0), options, generations.get(0), seconds)
            : GenerationJson.ofPrompts(loaded, all, options, generations, seconds));
      } else if (flows) {
        showFlows(loaded, all, options, out);
      } else {
        write(loaded, all, options, out);
      }
    }
  }

  private List<String> lines() {
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
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void showFlows(TarFlowLM loaded, List<String> all, GenerationOptions options, PrintWriter out) {
    List<List<Generation>> generations = loaded.generate(all, options);
    writeFiles(loaded, all, generations);
    for (int i = 0; i < all.size(); i++) {
      if (!all.get(i).isEmpty()) {
        out.println("prompt, held fixed" + System.lineSeparator() + "  " + all.get(i) + System.lineSeparator());
      }
      for (Generation each : generations.get(i)) {
        new FlowPrinter(out, Ansi.AUTO.enabled()).print(FlowView.of(each, loaded.config(), loaded.tokenizer()));
      }
    }
    noteApproximation(err(), generations.stream().flatMap(List::stream).toList());
  }

  private void writeFiles(TarFlowLM loaded, List<String> all, List<List<Generation>> generations) {
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

  /** A single text appears as it is written. */
  private void write(TarFlowLM loaded, List<String> all, GenerationOptions options, PrintWriter out) {
    if (options.batchSize() == 1 && all.size() == 1) {
      TextStream stream = new TextStream(loaded.tokenizer(), out, options.stopStrings());
      loaded.tokenizer().encode(all.get(0)); // Refused before anything is printed.
      stream.prompt(all.get(0));
      List<Generation> generations = loaded.generate(all.get(0), options, stream);
      stream.end();
      noteApproximation(err(), generations);
      return;
    }
    List<List<Generation>> generations = loaded.generate(all, options);
    for (int i = 0; i < all.size(); i++) {
      String before = all.get(i);
      generations.get(i).forEach(each -> out.println(before + each.text()));
    }
    noteApproximation(err(), generations.stream().flatMap(List::stream).toList());
  }

  /** Says so on standard error if a text is not an exact sample. */
  static void noteApproximation(PrintWriter err, List<Generation> generations) {
    if (generations.stream().anyMatch(each -> !each.exact())) {
      err.println("tarflowlm: this model's flows continue a text only approximately; --refinements brings "
          + "the sample nearer to the model");
    }
  }

  /** Generated texts for machines. */
  private static final class GenerationJson {
    private GenerationJson() {}

    static String of(TarFlowLM model, String prompt, GenerationOptions options, List<Generation> generations, double seconds) {
      Map<String, Object> result = head(model, prompt);
      result.putAll(tail(options, seconds));
      result.put("generations", texts(model, prompt, options, generations));
      return Json.of(result);
    }

    /** Of many prompts. */
    static String ofPrompts(TarFlowLM model, List<String> prompts, GenerationOptions options, List<List<Generation>> generations,
        double seconds) {
      Map<String, Object> result = head(model, null);
      result.putAll(tail(options, seconds));
      List<Map<String, Object>> all = new ArrayList<>();
      for (int i = 0; i < prompts.size(); i++) {
        all.add(Json.object("prompt", prompts.get(i),
            "generations", texts(model, prompts.get(i), options, generations.get(i))));
      }
      result.put("prompts", all);
      return Json.of(result);
    }

    private static List<Map<String, Object>> texts(TarFlowLM model, String prompt, GenerationOptions options,
        List<Generation> generations) {
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

    private static Map<String, Object> head(TarFlowLM model, String prompt) {
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("model", model.name());
      if (prompt != null) {
        result.put("prompt", prompt);
      }
      return result;
    }

    private static Map<String, Object> tail(GenerationOptions options, double seconds) {
      return Json.object("options", options, "seconds", seconds,
          "exactMeans", "latents are a draw from the model, given the prompt's latents; tokens are the most probable ones of "
              + "their latents");
    }
  }
}
