package org.tarflowlm.cli;

import java.io.PrintWriter;
import java.util.List;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.generate.FlowView;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Writes text. */
@Command(name = "generate", mixinStandardHelpOptions = true, description = {
    "Write text, with or without a prompt.",
    "Text beyond the model's window is written window by window, each with the last half window as context."})
final class GenerateCommand implements Runnable {
  @Mixin
  private ModelOption model;

  @Option(names = "--prompt", paramLabel = "TEXT", description = "Text to continue; default: none.")
  private String prompt = "";

  @Mixin
  private GenerationArguments arguments;

  @Option(names = "--show-flows",
      description = "Show the text after every flow, from noise to the end, with the characters that each flow changed.")
  private boolean showFlows;

  @Mixin
  private FlowOutputs files;

  @Option(names = "--json", description = "Print one JSON object: model, prompt, options, seconds, generations.")
  private boolean json;

  @Spec
  private CommandSpec spec;

  @Override
  public void run() {
    arguments.over(GenerationOptions.defaults());
    try (TarFlowLM loaded = model.load()) {
      boolean flows = showFlows || files.any();
      if (flows && loaded.config().model() != ModelType.TARFLOW) {
        throw new IllegalArgumentException("the model " + loaded.name() + " is discrete: it has no flows to show");
      }
      GenerationOptions options = arguments.over(loaded.generationOptions()).withShowFlows(flows);
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        long begin = System.nanoTime();
        List<Generation> generations = loaded.generate(prompt, options);
        writeFiles(loaded, generations);
        out.println(GenerationJson.of(loaded, prompt, options, generations, (System.nanoTime() - begin) / 1e9));
      } else if (flows) {
        showFlows(loaded, options, out);
      } else {
        write(loaded, options, out);
      }
    }
  }

  private void showFlows(TarFlowLM loaded, GenerationOptions options, PrintWriter out) {
    List<Generation> generations = loaded.generate(prompt, options);
    writeFiles(loaded, generations);
    if (!prompt.isEmpty()) {
      out.println("prompt, held fixed" + System.lineSeparator() + "  " + prompt + System.lineSeparator());
    }
    for (Generation each : generations) {
      new FlowPrinter(out, Ansi.AUTO.enabled()).print(FlowView.of(each, loaded.config(), loaded.tokenizer()));
    }
    noteApproximation(spec, generations);
  }

  private void writeFiles(TarFlowLM loaded, List<Generation> generations) {
    if (files.any()) {
      files.write("A text of " + loaded.name(), generations.stream().map(each -> FlowReport.of(prompt, each, "", loaded)).toList());
    }
  }

  /** A single text appears as it is written. */
  private void write(TarFlowLM loaded, GenerationOptions options, PrintWriter out) {
    if (options.batchSize() == 1) {
      TextStream stream = new TextStream(loaded.tokenizer(), out, options.stopStrings());
      loaded.tokenizer().encode(prompt); // Refused before anything is printed.
      stream.prompt(prompt);
      List<Generation> generations = loaded.generate(prompt, options, stream);
      stream.end();
      noteApproximation(spec, generations);
      return;
    }
    List<Generation> generations = loaded.generate(prompt, options);
    generations.forEach(each -> out.println(prompt + each.text()));
    noteApproximation(spec, generations);
  }

  /** Says so on standard error if a text is not an exact sample. */
  static void noteApproximation(CommandSpec spec, List<Generation> generations) {
    if (generations.stream().anyMatch(each -> !each.exact())) {
      spec.commandLine().getErr().println("tarflowlm: this model's flows continue a text only approximately; --refinements brings "
          + "the sample nearer to the model");
    }
  }
}
