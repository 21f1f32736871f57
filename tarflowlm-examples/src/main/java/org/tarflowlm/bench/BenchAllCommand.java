package org.tarflowlm.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.bench.Suite.Topic;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.UntilInterrupted;
import org.tarflowlm.data.file.AtomicFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures the figures of docs/performance.md. */
@Command(name = "all", mixinStandardHelpOptions = true, description = {
    "Measure training steps, generation, scoring beside the forward pass, start-up, memory, kernels and couplings with the settings of "
        + "docs/performance.md: five minutes on two idle cores. Print a table of medians, and the least and most of the turns.",
    "The figures so far are kept after Ctrl-C (exit code 130) or if a topic fails (1). bench compare compares two files."})
final class BenchAllCommand extends BaseCommand {
  private static final String STANDARD_OUTPUT = "-";

  @Option(names = "--only", split = ",", paramLabel = "TOPIC", description = "${COMPLETION-CANDIDATES}; default all")
  private Set<Topic> only = EnumSet.allOf(Topic.class);

  @Option(names = "--seconds", paramLabel = "N", defaultValue = "1.5",
      description = "length of a turn; a warm-up takes two; default ${DEFAULT-VALUE}")
  private double seconds;

  @Option(names = "--turns", paramLabel = "N", defaultValue = "3", description = "turns of a figure; default ${DEFAULT-VALUE}")
  private int turns;

  @Option(names = "--models", split = ",", paramLabel = "ID|DIR", defaultValue = "text8-mixd,enwik8-mixd,openwebtext-mixd",
      description = "models that generate and score; default ${DEFAULT-VALUE}")
  private List<String> models;

  @Option(names = "--json", arity = "0..1", fallbackValue = STANDARD_OUTPUT, paramLabel = "FILE",
      description = "Write one JSON object: circumstances, and name, unit, median, least, most and number of turns of each figure. Without "
          + "a FILE to standard output, instead of the table.")
  private String json;

  @Override
  public Integer call() throws IOException {
    requireAtLeast("--turns", turns, 1);
    require(seconds > 0 && seconds <= 600, "--seconds is " + seconds + "; expected a number above 0 and at most 600");
    Path file = json == null || json.equals(STANDARD_OUTPUT) ? null : Path.of(json);
    require(file == null || !Files.isDirectory(file), "--json is the folder " + file + "; expected a file");
    models.forEach(each -> TarFlowLM.resolve(each).close());
    AtomicBoolean ended = new AtomicBoolean();
    Suite suite = UntilInterrupted.run(interrupted -> {
      Suite found = new SuiteTopics(new SuiteTurns(seconds, turns, interrupted), SuiteTopics.shapes(), models).run(only);
      if (file != null) {
        AtomicFile.write(file, found.json());
      }
      ended.set(interrupted.getAsBoolean());
      return found;
    });
    out().print(json != null && file == null ? suite.json() : suite.markdown());
    out().flush();
    return suite.complete() ? 0 : ended.get() ? UntilInterrupted.INTERRUPTED : 1;
  }
}
