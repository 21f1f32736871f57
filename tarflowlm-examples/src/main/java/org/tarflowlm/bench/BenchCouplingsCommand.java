package org.tarflowlm.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.config.Coupling;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Times the couplings alone, kernels against the same mathematics composed of stock ops. */
@Command(name = "couplings", mixinStandardHelpOptions = true, description = {
    "Time each coupling alone, forward and gradient. Turns of our kernels alternate with the same formulas composed of",
    "stock SameDiff ops, both in SameDiff's own memory and in the recycled memory of our models.",
    "--no-stock times only the kernels, for sizes where the composed graph does not fit into memory."})
final class BenchCouplingsCommand extends BaseCommand {
  @Option(names = "--coupling", split = ",", defaultValue = "MIX_1,MIX_D",
      description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}")
  private List<Coupling> couplings;

  @Option(names = "--rows", defaultValue = "2048", description = "tokens; default ${DEFAULT-VALUE}")
  private int rows;

  @Option(names = "--dim", defaultValue = "5", description = "numbers per token; default ${DEFAULT-VALUE}")
  private int dims;

  @Option(names = "--mixtures", defaultValue = "27", description = "default ${DEFAULT-VALUE}")
  private int mixtures;

  @Option(names = "--rounds", defaultValue = "5", description = "turns of each kind; default ${DEFAULT-VALUE}")
  private int rounds;

  @Option(names = "--seconds", defaultValue = "1", description = "length of a turn, which has at least one run; default ${DEFAULT-VALUE}")
  private double seconds;

  @Option(names = "--no-stock", description = "only the kernels")
  private boolean kernelsOnly;

  @Option(names = "--json")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    requireAtLeast("--rounds", rounds, 1);
    CouplingBenchmark benchmark = new CouplingBenchmark(rows, dims, mixtures, rounds, seconds, !kernelsOnly);
    List<CouplingBenchmark.Result> results = new ArrayList<>();
    for (Coupling coupling : couplings) {
      CouplingBenchmark.Result r = benchmark.measure(coupling).medians();
      results.add(r);
      if (!json) {
        out().printf("%-7s %,d rows, dim %d, %,d mixtures: kernels %.2f ms%s  peak memory %.0f MB%n", coupling, rows, dims, mixtures,
            r.kernelMs(), kernelsOnly ? "" : String.format(", stock ops %.1f ms (%.1f times as long), in our memory %.1f ms (%.1f times)",
                r.stockMs(), r.ratio(), r.stockRecycledMs(), r.ratioRecycled()), r.peakRssMb());
      }
    }
    if (json) {
      out().println(Json.of(results));
    }
    return 0;
  }
}
