package org.tarflowlm.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.data.DataException;
import org.tarflowlm.generate.FlowView;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Writes text. */
@Command(name = "generate", mixinStandardHelpOptions = true, description = {
    "Write text, with or without a prompt.",
    "Text beyond the model's window is written window by window, each with the last half window as context."})
final class GenerateCommand implements Runnable {
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

  @Spec
  private CommandSpec spec;

  @Override
  public void run() {
    arguments.over(GenerationOptions.defaults());
    if (prompt != null && prompts != null) {
      throw new ParameterException(spec.commandLine(), "--prompt and --prompts are both given; expected one of them");
    }
    List<String> all = prompts == null ? List.of(prompt == null ? "" : prompt) : lines();
    try (TarFlowLM loaded = model.load()) {
      boolean flows = showFlows || files.any();
      if (flows && loaded.config().model() != ModelType.TARFLOW) {
        throw new IllegalArgumentException("the model " + loaded.name() + " is discrete: it has no flows to show");
      }
      GenerationOptions options = arguments.over(loaded).withShowFlows(flows);
      PrintWriter out = spec.commandLine().getOut();
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
    noteApproximation(spec, generations.stream().flatMap(List::stream).toList());
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
      noteApproximation(spec, generations);
      return;
    }
    List<List<Generation>> generations = loaded.generate(all, options);
    for (int i = 0; i < all.size(); i++) {
      String before = all.get(i);
      generations.get(i).forEach(each -> out.println(before + each.text()));
    }
    noteApproximation(spec, generations.stream().flatMap(List::stream).toList());
  }

  /** Says so on standard error if a text is not an exact sample. */
  static void noteApproximation(CommandSpec spec, List<Generation> generations) {
    if (generations.stream().anyMatch(each -> !each.exact())) {
      spec.commandLine().getErr().println("tarflowlm: this model's flows continue a text only approximately; --refinements brings "
          + "the sample nearer to the model");
    }
  }
}
