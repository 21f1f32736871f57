package org.tarflowlm.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.graph.CouplingGraph;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.graph.WindowGraph;
import org.tarflowlm.nn.session.GraphSession;
import org.tarflowlm.nn.session.QuietOutput;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Times the couplings alone, kernels against the same mathematics composed of stock ops. */
@Command(name = "couplings", mixinStandardHelpOptions = true, description = {
    "Time each coupling alone, forward and gradient. Turns of our kernels alternate with the same formulas composed of",
    "stock SameDiff ops, both in SameDiff's own memory and in the recycled memory of our models.",
    "--no-stock times only the kernels, for sizes where the composed graph does not fit into memory."})
final class BenchCouplingsCommand extends BaseCommand {
  /** A kernel is compiled for good after 500 to 1,000 runs, and nearly three times as slow before. */
  private static final int WARM_UP_TURNS = 3;
  /** Right after stock ops runs are slower, as if threads that free what SameDiff has left took the processors from them. */
  private static final long SETTLE_MILLIS = 500;

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

  /**
   * Figures of one coupling, medians.
   *
   * @param stockMs stock ops as SameDiff runs them; 0 if they were not run
   * @param stockRecycledMs stock ops in recycled memory
   */
  record Result(Coupling coupling, int rows, int dims, int mixtures, double kernelMs, double stockMs, double stockRecycledMs,
      double ratio, double ratioRecycled, double peakRssMb) {}

  @Override
  public Integer call() throws IOException {
    requireAtLeast("--rounds", rounds, 1);
    List<Result> results = new ArrayList<>();
    for (Coupling coupling : couplings) {
      Result r = measure(coupling);
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

  private Result measure(Coupling coupling) throws IOException {
    List<CouplingStep> steps = new ArrayList<>();
    steps.add(new CouplingStep(coupling, KernelChoice.AUTO, true, DataType.FLOAT, rows, dims, mixtures));
    if (!kernelsOnly) {
      steps.add(new CouplingStep(coupling, KernelChoice.COMPOSED, false, DataType.FLOAT, rows, dims, mixtures));
      steps.add(new CouplingStep(coupling, KernelChoice.COMPOSED, true, DataType.FLOAT, rows, dims, mixtures));
    }
    List<List<Double>> times = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    for (int round = -WARM_UP_TURNS; round < rounds; round++) {
      for (int s = 0; s < steps.size(); s++) {
        settle();
        List<Double> turn = turn(steps.get(s));
        times.get(s).addAll(round < 0 ? List.of() : turn);
      }
    }
    steps.forEach(CouplingStep::close);
    double kernels = BenchCommand.median(times.get(0));
    double stock = kernelsOnly ? 0 : BenchCommand.median(times.get(1));
    double recycled = kernelsOnly ? 0 : BenchCommand.median(times.get(2));
    return new Result(coupling, rows, dims, mixtures, kernels, stock, recycled, stock / kernels, recycled / kernels,
        ResidentMemory.peakMb());
  }

  private List<Double> turn(CouplingStep step) {
    List<Double> times = new ArrayList<>();
    long end = System.nanoTime() + (long) (seconds * 1e9);
    do {
      long begin = System.nanoTime();
      step.run();
      times.add((System.nanoTime() - begin) / 1e6);
    } while (System.nanoTime() < end);
    return times;
  }

  /** SameDiff by itself gives memory back only as Java collects its arrays: gigabytes here. */
  private static void settle() {
    System.gc();
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(SETTLE_MILLIS));
  }

  /** Forward and gradient of one coupling alone, for measuring. */
  private static final class CouplingStep implements AutoCloseable {
    private final SameDiff sameDiff;
    private final List<String> inputs;
    private final GraphSession session;
    private final List<String> wanted = new ArrayList<>();

    /**
     * The other arguments are those of {@link CouplingGraph}.
     *
     * @param recycled whether to run in recycled memory, as a network runs a model's graph; else as SameDiff does by itself
     */
    CouplingStep(Coupling coupling, KernelChoice kernels, boolean recycled, DataType type, int rows, int dims, int mixtures) {
      CouplingGraph graph = new CouplingGraph(coupling, kernels, type, rows, dims, mixtures);
      sameDiff = graph.sameDiff();
      QuietOutput.run(sameDiff::createGradFunction);
      inputs = graph.inputs();
      session = recycled ? new GraphSession(sameDiff.getFunction("grad")) : null;
      wanted.add(WindowGraph.LOSS);
      inputs.forEach(input -> wanted.add(sameDiff.getVariable(input).gradient().name()));
    }

    /** Computes the loss and the gradients of all inputs once. */
    void run() {
      if (session == null) {
        sameDiff.calculateGradients(Map.of(), inputs).values().forEach(INDArray::close);
        return;
      }
      session.run(wanted, Map.of(), Operation.TRAINING, List.of(), Map.of());
      session.endStep();
    }

    @Override
    public void close() {
      if (session != null) {
        session.close();
      }
    }
  }
}
