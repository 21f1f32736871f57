package org.tarflowlm.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.data.corpus.Corpora;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.FlowAccount;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures what each flow of a model does to a text. */
@Command(name = "flows", mixinStandardHelpOptions = true, description = {
    "Show what each flow of a model does to a text, as a table and a picture.",
    "Bits are those of the stack cut after a flow, with later flows replaced by a normal distribution. Mean squared change and tokens "
        + "changed compare a flow's output with its input. The other measures are those of the paper's appendix G."})
final class FlowsCommand implements Callable<Integer> {
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

  @Option(names = "--json", description = "Print one JSON object: model, windows, tokens, levels.")
  private boolean json;

  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (windows < 1) {
      throw new ParameterException(spec.commandLine(), "--windows is " + windows + "; expected at least 1");
    }
    try (TarFlowLM loaded = model.load(); TokenSequence text = Corpora.fromEnvironment().open(input, loaded.tokenizer())) {
      FlowAccount account = FlowTable.account(loaded, text, windows, seed);
      byte[] picture = FlowPictures.png(account.levels(), loaded.config());
      AtomicFile.write(plot, out -> out.write(picture));
      if (json) {
        Map<String, Object> result = new LinkedHashMap<>(Map.of("model", loaded.name()));
        result.put("windows", account.windows());
        result.put("tokens", account.tokens());
        result.put("levels", account.levels());
        spec.commandLine().getOut().println(Json.of(result));
      } else {
        spec.commandLine().getOut().print(FlowTable.markdown(account, loaded.config()));
        spec.commandLine().getOut().println("Picture: " + plot);
      }
    }
    return 0;
  }
}
