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
import org.tarflowlm.config.Coupling;
import org.tarflowlm.graph.CouplingGraph;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.graph.WindowGraph;
import org.tarflowlm.nn.session.GraphSession;
import org.tarflowlm.nn.session.QuietOutput;

/**
 * Times a coupling alone, forward and gradient: our kernels alternate with the same formulas in stock ops.
 *
 * @param rows number of tokens
 * @param dims numbers per token
 * @param mixtures number of mixture components
 * @param rounds turns of each kind
 * @param seconds length of a turn, which has at least one run
 * @param stock whether to run the stock ops too
 */
record CouplingBenchmark(int rows, int dims, int mixtures, int rounds, double seconds, boolean stock) {
  /** The JIT compiler finishes a kernel after 500 to 1,000 runs; before that, the kernel is nearly three times slower. */
  private static final int WARM_UP_TURNS = 3;
  /** Pause before a turn: right after stock ops, runs are slower, perhaps because threads still free SameDiff's arrays. */
  private static final long SETTLE_MILLIS = 500;

  /**
   * Milliseconds of every run, [turn][run]; those of stock ops are empty without them.
   *
   * @param stock stock ops as SameDiff runs them
   * @param recycled stock ops in recycled memory
   */
  record Times(Result medians, List<List<Double>> kernels, List<List<Double>> stock, List<List<Double>> recycled) {}

  /**
   * Figures of one coupling, with medians of all runs.
   *
   * @param stockMs milliseconds of stock ops as SameDiff runs them; 0 without them
   * @param stockRecycledMs milliseconds of stock ops in recycled memory; 0 without them
   * @param ratio stockMs divided by kernelMs
   * @param ratioRecycled stockRecycledMs divided by kernelMs
   * @param peakRssMb largest resident set of the process so far, in MiB; 0 if the system does not report it
   */
  record Result(Coupling coupling, int rows, int dims, int mixtures, double kernelMs, double stockMs, double stockRecycledMs,
      double ratio, double ratioRecycled, double peakRssMb) {}

  Times measure(Coupling coupling) throws IOException {
    List<CouplingStep> steps = new ArrayList<>();
    steps.add(new CouplingStep(coupling, KernelChoice.AUTO, true, DataType.FLOAT, rows, dims, mixtures));
    if (stock) {
      steps.add(new CouplingStep(coupling, KernelChoice.COMPOSED, false, DataType.FLOAT, rows, dims, mixtures));
      steps.add(new CouplingStep(coupling, KernelChoice.COMPOSED, true, DataType.FLOAT, rows, dims, mixtures));
    }
    List<List<List<Double>>> times = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    for (int round = -WARM_UP_TURNS; round < rounds; round++) {
      for (int s = 0; s < steps.size(); s++) {
        settle();
        List<Double> turn = turn(steps.get(s));
        if (round >= 0) {
          times.get(s).add(turn);
        }
      }
    }
    steps.forEach(CouplingStep::close);
    double kernels = median(times.get(0));
    double ops = median(times.get(1));
    double recycled = median(times.get(2));
    return new Times(new Result(coupling, rows, dims, mixtures, kernels, ops, recycled, ops / kernels, recycled / kernels,
        ResidentMemory.peakMb()), times.get(0), times.get(1), times.get(2));
  }

  private static double median(List<List<Double>> turns) {
    return turns.isEmpty() ? 0 : Spread.of(turns.stream().flatMap(List::stream).toList()).median();
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

  /** Collects garbage, since SameDiff alone frees its arrays, gigabytes here, only when Java collects them. Then pauses. */
  private static void settle() {
    System.gc();
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(SETTLE_MILLIS));
  }

  /** Runs the forward pass and gradient of one coupling alone. */
  private static final class CouplingStep implements AutoCloseable {
    private final SameDiff sameDiff;
    private final List<String> inputs;
    private final GraphSession session;
    private final List<String> wanted = new ArrayList<>();

    /**
     * Builds the graph; {@link CouplingGraph} describes the other arguments.
     *
     * @param recycled true to run in recycled memory, as a network runs a model's graph; false to run as SameDiff does by itself
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
