package org.tarflowlm.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.examples.ClassifySentences;
import org.tarflowlm.examples.CompareLikelihoods;
import org.tarflowlm.examples.CouplingByHand;
import org.tarflowlm.examples.DataPipelines;
import org.tarflowlm.examples.FineTune;
import org.tarflowlm.examples.GenerateText;
import org.tarflowlm.examples.SameDiffGraphs;
import org.tarflowlm.examples.ScoreText;
import org.tarflowlm.examples.TrainTiny;
import org.tarflowlm.examples.WatchFlowsEdit;
import org.tarflowlm.json.RecordJson;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Runs the programs of {@code org.tarflowlm.examples}. */
@Command(name = "example", mixinStandardHelpOptions = true,
    description = "Run an example, a short program to learn from; without a name, list the examples.")
final class ExampleCommand extends BaseCommand {
  /** In the recommended reading order. */
  static final Map<String, Example> EXAMPLES = new LinkedHashMap<>();

  static {
    add("ScoreText", "[TEXT ...]", "bits per character of sentences", ScoreText::main);
    add("GenerateText", "[PROMPT]", "continuations at three temperatures", GenerateText::main);
    add("WatchFlowsEdit", "[SEED]", "a text after every flow, from noise to the end", WatchFlowsEdit::main);
    add("CouplingByHand", "", "the couplings on toy mixtures: there, back, log-determinant", CouplingByHand::main);
    add("SameDiffGraphs", "[TEXT ...]", "the two graphs of a model: build, inspect, run, save, load, invert", SameDiffGraphs::main);
    add("TrainTiny", "[STEPS]", "a tiny Mix-d flow trained from scratch on the bundled excerpt", TrainTiny::main);
    add("FineTune", "[WINDOWS]", "the packaged model trained further on a novel: frozen flows, early stopping", FineTune::main);
    add("ClassifySentences", "[NUMBER] [FILE ...]", "a classifier on a flow's features: which book is this sentence from",
        ClassifySentences::main);
    add("DataPipelines", "", "text8, enwik8 and OpenWebText turned into latent inputs for training", DataPipelines::main);
    add("CompareLikelihoods", "[CHARACTERS]", "ELBO, importance-weighted bounds, the discrete twin", CompareLikelihoods::main);
  }

  @Parameters(index = "0", arity = "0..1", paramLabel = "NAME", description = "Name of the example.")
  private String name;

  @Parameters(index = "1..*", paramLabel = "ARGUMENT", description = "Arguments of the example.")
  private List<String> arguments = List.of();

  /**
   * An example.
   *
   * @param arguments its arguments, for the list
   * @param what it shows
   */
  record Example(String arguments, String what, Program program) {}

  /** A main method. */
  @FunctionalInterface
  interface Program {
    void main(String... arguments) throws Exception;
  }

  private static void add(String name, String arguments, String what, Program program) {
    EXAMPLES.put(name, new Example(arguments, what, program));
  }

  @Override
  public Integer call() throws Exception {
    if (name == null) {
      EXAMPLES.forEach((each, example) -> out().printf("%-33s %s%n", (each + " " + example.arguments).strip(), example.what));
      return 0;
    }
    Example example = EXAMPLES.get(name);
    if (example == null) {
      throw wrong("there is no example '" + name + "'" + RecordJson.didYouMean(name, EXAMPLES.keySet())
          + "; expected one of " + String.join(", ", EXAMPLES.keySet()));
    }
    try {
      example.program.main(arguments.toArray(String[]::new));
    } catch (NumberFormatException e) {
      throw wrong(name + " " + example.arguments + ": " + e.getMessage() + "; expected a number");
    }
    return 0;
  }
}
