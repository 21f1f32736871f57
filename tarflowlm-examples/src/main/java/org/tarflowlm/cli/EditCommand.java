package org.tarflowlm.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows how the flows edit a text: a new one, a given one, or the filling of a gap. */
@Command(name = "edit", mixinStandardHelpOptions = true, description = {
    "Show a text after every flow, from noise to the end: the characters that each flow changes and the measures of its latents.",
    "Without --text, the model writes a new text. With it, the flows read that text; a gap in it, such as [12], is filled with that many "
        + "tokens, given the text on both sides. A text longer than the model's window is an error."})
final class EditCommand extends BaseCommand {
  private static final Pattern GAP = Pattern.compile("\\[(\\d{1,9})]");

  @Mixin
  private ModelOption model;

  @Option(names = "--text", paramLabel = "TEXT", description = "A text, or one with a gap: \"the [8] of the whale\".")
  private String text;

  @Mixin
  private GenerationArguments arguments;

  @Mixin
  private FlowOutputs files;

  @Option(names = "--json", description = "Print one JSON object: model, options, texts; each with before, text, after, exact, accepted "
      + "and flows.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    arguments.over(GenerationOptions.defaults());
    try (TarFlowLM loaded = model.load()) {
      FlowReport.requireFlows(loaded);
      GenerationOptions options = arguments.over(loaded).withShowFlows(true);
      Matcher gap = GAP.matcher(text == null ? "" : text);
      boolean filled = gap.find();
      String before = filled ? text.substring(0, gap.start()) : "";
      String after = filled ? text.substring(gap.end()) : "";
      List<Generation> generations;
      if (filled) {
        generations = loaded.infill(before, Integer.parseInt(gap.group(1)), after, options);
      } else {
        generations = text == null ? loaded.generate("", options) : List.of(loaded.read(text, options.seed()));
      }
      List<FlowReport> reports = generations.stream().map(each -> FlowReport.of(before, each, after, loaded)).toList();
      files.write("Edits of " + loaded.name(), reports);
      if (json) {
        out().println(json(loaded, options, generations, reports));
      } else {
        reports.forEach(each -> new FlowPrinter(out()).print(each));
        GenerateCommand.noteApproximation(err(), generations);
      }
    }
    return 0;
  }

  private static String json(TarFlowLM model, GenerationOptions options, List<Generation> generations, List<FlowReport> reports) {
    List<Map<String, Object>> texts = new ArrayList<>();
    for (int i = 0; i < reports.size(); i++) {
      texts.add(Json.object("before", reports.get(i).before(), "text", generations.get(i).text(),
          "after", reports.get(i).after(), "exact", generations.get(i).exact(), "accepted", generations.get(i).accepted(),
          "flows", reports.get(i).passes()));
    }
    return Json.of(Json.object("model", model.name(), "options", options, "texts", texts));
  }
}
