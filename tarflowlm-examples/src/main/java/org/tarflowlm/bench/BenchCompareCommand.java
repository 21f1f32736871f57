package org.tarflowlm.bench;

import java.nio.file.Path;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Compares two runs of the suite. */
@Command(name = "compare", mixinStandardHelpOptions = true, description = {
    "Compare two files of bench all: ratios of the medians, and which differ beyond the spread of the turns.",
    "A figure is better or worse if all turns of one run are on the same side of all turns of the other."})
final class BenchCompareCommand extends BaseCommand {
  @Parameters(index = "0", paramLabel = "OLD", description = "file of bench all --json FILE")
  private Path before;

  @Parameters(index = "1", paramLabel = "NEW", description = "file of a later run")
  private Path after;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    Suite old = Suite.read(before);
    Suite now = Suite.read(after);
    Comparison comparison = Comparison.of(old, now);
    out().print(json ? Json.of(comparison) + "\n"
        : "old: " + old.circumstances() + "\nnew: " + now.circumstances() + "\n" + comparison.markdown());
    out().flush();
    return 0;
  }
}
