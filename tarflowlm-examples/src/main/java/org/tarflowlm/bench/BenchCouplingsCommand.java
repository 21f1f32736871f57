package org.tarflowlm.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.nd4j.linalg.api.buffer.DataType;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.graph.CouplingGraph;
import org.tarflowlm.graph.KernelChoice;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Times the couplings alone, kernels against the same mathematics composed of stock ops. */
@Command(name = "couplings", mixinStandardHelpOptions = true, description = {
    "Time each coupling alone, forward and gradient: our kernels in turns with the same mathematics composed of stock SameDiff ops.",
    "With --no-stock, only the kernels: for sizes at which the composed graph does not fit into memory."})
public final class BenchCouplingsCommand implements Callable<Integer> {
  private static final int WARM_UP = 30;

  @Option(names = "--coupling", split = ",", defaultValue = "MIX_1,MIX_D", description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}")
  private List<Coupling> couplings;

  @Option(names = "--rows", defaultValue = "2048", description = "tokens; default ${DEFAULT-VALUE}")
  private int rows;

  @Option(names = "--dim", defaultValue = "5", description = "numbers a token; default ${DEFAULT-VALUE}")
  private int dims;

  @Option(names = "--mixtures", defaultValue = "27", description = "default ${DEFAULT-VALUE}")
  private int mixtures;

  @Option(names = "--rounds", defaultValue = "40", description = "timed runs; default ${DEFAULT-VALUE}")
  private int rounds;

  @Option(names = "--no-stock", negatable = true, defaultValue = "true", fallbackValue = "true")
  private boolean stock;

  @Option(names = "--json")
  private boolean json;

  @Spec
  private CommandSpec spec;

  /**
   * Figures of one coupling.
   *
   * @param stockMs 0 if it was not run
   */
  record Result(Coupling coupling, int rows, int dims, int mixtures, double kernelMs, double stockMs, double ratio, double peakRssMb) {}

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    List<Result> results = new ArrayList<>();
    for (Coupling coupling : couplings) {
      Result r = measure(coupling);
      results.add(r);
      if (!json) {
        out.printf("%-7s %,d rows, dim %d, %,d mixtures: kernels %.2f ms%s  peak memory %.0f MB%n", coupling, rows, dims, mixtures,
            r.kernelMs(), stock ? String.format(", stock ops %.1f ms, %.1f times as long", r.stockMs(), r.ratio()) : "", r.peakRssMb());
        out.flush();
      }
    }
    if (json) {
      out.println(new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(results));
    }
    return 0;
  }

  private Result measure(Coupling coupling) throws IOException {
    CouplingGraph kernels = new CouplingGraph(coupling, KernelChoice.AUTO, DataType.FLOAT, rows, dims, mixtures);
    CouplingGraph composed = stock ? new CouplingGraph(coupling, KernelChoice.COMPOSED, DataType.FLOAT, rows, dims, mixtures) : null;
    for (int i = 0; i < Math.min(WARM_UP, rounds); i++) {
      time(kernels);
      if (stock) {
        time(composed);
      }
    }
    double[] ours = new double[rounds];
    double[] theirs = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      ours[i] = time(kernels);
      theirs[i] = stock ? time(composed) : 0;
    }
    Arrays.sort(ours);
    Arrays.sort(theirs);
    double kernelMs = ours[rounds / 2];
    double stockMs = theirs[rounds / 2];
    return new Result(coupling, rows, dims, mixtures, kernelMs, stockMs, stockMs / kernelMs, ResidentMemory.peakMb());
  }

  private static double time(CouplingGraph graph) {
    long begin = System.nanoTime();
    graph.gradients().values().forEach(gradient -> gradient.close());
    return (System.nanoTime() - begin) / 1e6;
  }
}
