package org.tarflowlm.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.data.corpus.Corpora;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.FlowAccount;
import org.tarflowlm.generate.FlowView;
import org.tarflowlm.generate.Generation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures what each flow of a model does to a text. */
@Command(name = "flows", mixinStandardHelpOptions = true, description = {
    "Show what each flow of a model does to a text, as a table and a picture.",
    "Bits are those of the stack cut after a flow, with a normal distribution in place of the later flows. Mean squared change and tokens "
        + "changed compare a flow's output with its input. The other measures are those of the paper's appendix G."})
final class FlowsCommand extends BaseCommand {
  @Mixin
  private ModelOption model;

  @Option(names = "--input", required = true, paramLabel = "FILE", description = "The text, as for score.")
  private String input;

  @Option(names = "--windows", paramLabel = "N", defaultValue = "64",
      description = "Windows spread evenly over the text; default ${DEFAULT-VALUE}.")
  private int windows;

  @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "Seed of the encoder's noise; default ${DEFAULT-VALUE}.")
  private long seed;

  @Option(names = "--plot", paramLabel = "FILE", defaultValue = "flows.png", description = "The picture; default ${DEFAULT-VALUE}.")
  private Path plot;

  @Option(names = "--html", paramLabel = "FILE", description = "Also write a page: the text's first window after each pass, edits "
      + "coloured, with the bits of each level.")
  private Path html;

  @Option(names = "--svg", paramLabel = "FILE", description = "Also draw the passes of the text's first tokens, edits coloured.")
  private Path svg;

  @Option(names = "--tokens", paramLabel = "N", defaultValue = "144", description = "Tokens that --svg draws; default ${DEFAULT-VALUE}.")
  private int drawn;

  @Option(names = "--json", description = "Print one JSON object: model, windows, tokens, levels.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    requireAtLeast("--windows", windows, 1);
    try (TarFlowLM loaded = model.load(); TokenSequence text = Corpora.fromEnvironment().open(input, loaded.tokenizer())) {
      FlowAccount account = FlowTable.account(loaded, text, windows, seed);
      byte[] picture = FlowCharts.png(account.levels(), loaded.config());
      AtomicFile.write(plot, out -> out.write(picture));
      writePasses(loaded, text, account);
      if (json) {
        out().println(Json.of(Json.object("model", loaded.name(), "windows", account.windows(), "tokens", account.tokens(),
            "levels", account.levels())));
      } else {
        out().print(FlowTable.markdown(account, loaded.config()));
        out().println("Picture: " + plot);
      }
    }
    return 0;
  }

  private void writePasses(TarFlowLM loaded, TokenSequence text, FlowAccount account) throws IOException {
    if (html != null) {
      FlowReport report = FlowReport.of("", read(loaded, text, loaded.config().contextLength()), "", loaded);
      AtomicFile.write(html, FlowHtml.page("Passes of " + loaded.name(), List.of(report), account));
    }
    if (svg != null) {
      AtomicFile.write(svg, FlowSvg.of("Passes of " + loaded.name() + ", from noise to text",
          FlowView.of(read(loaded, text, drawn), loaded.config(), loaded.tokenizer())));
    }
  }

  private Generation read(TarFlowLM loaded, TokenSequence text, int most) {
    int patch = loaded.config().patchSize();
    int count = (int) Math.min(text.length(), Math.min(most, loaded.config().contextLength())) / patch * patch;
    int[] ids = new int[count];
    text.read(0, ids, 0, count);
    return loaded.read(loaded.tokenizer().decode(ids), seed);
  }
}
