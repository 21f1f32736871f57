package org.tarflowlm.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.BaseListener;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.tarflowlm.bench.StepBenchmark.Figures;
import org.tarflowlm.bench.StepBenchmark.Model;
import org.tarflowlm.bench.StepBenchmark.Shape;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.eval.Flops;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.kernel.Gemm;
import org.tarflowlm.kernel.Parallel;
import org.tarflowlm.nn.TarFlowNetwork;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Times training steps, alone or alternating with another program's. */
@Command(name = "step", mixinStandardHelpOptions = true, description = {
    "Time whole training steps (forward, backward, update) on random tokens.",
    "--peer alternates with another program, which must print its median milliseconds per step as its last word. It gets the sizes for "
        + "{batch}, {seq}, {width}, {layers}, {heads}, {vocab} and {steps} in its command."})
final class BenchStepCommand extends BaseCommand {
  @Option(names = "--model", defaultValue = "ar", description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}")
  private Model model;

  @Option(names = "--batch", defaultValue = "8")
  private int batch;

  @Option(names = "--seq", defaultValue = "256", description = "tokens in a window; default ${DEFAULT-VALUE}")
  private int sequence;

  @Option(names = "--width", defaultValue = "128")
  private int width;

  @Option(names = "--layers", split = ",", defaultValue = "4", description = "transformer layers of each flow, such as 2,1,1")
  private List<Integer> layers;

  @Option(names = "--heads", defaultValue = "4")
  private int heads;

  @Option(names = "--vocab", defaultValue = "27", description = "tokens to choose from; default ${DEFAULT-VALUE}")
  private int vocab;

  @Option(names = "--steps", defaultValue = "20", description = "timed steps, after at least as many and up to five seconds of warm-up")
  private int steps;

  @Option(names = "--kernels", defaultValue = "AUTO", description = "${COMPLETION-CANDIDATES}")
  private KernelChoice kernels;

  @Option(names = "--breakdown", description = "also print the time of each kind of op, and of the matrix products alone")
  private boolean breakdown;

  @Option(names = "--peer", paramLabel = "COMMAND", description = "a shell command to alternate with")
  private String peer;

  @Option(names = "--rounds", defaultValue = "3", description = "turns with --peer; default ${DEFAULT-VALUE}")
  private int rounds;

  @Option(names = "--json")
  private boolean json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    requireAtLeast("--steps", steps, 1);
    requireAtLeast("--rounds", rounds, 1);
    Shape shape = new Shape(model, batch, sequence, width, layers, heads, vocab);
    try (StepBenchmark benchmark = new StepBenchmark(shape, kernels)) {
      benchmark.warmUpLong(steps);
      List<Figures> ours = new ArrayList<>();
      List<Double> theirs = new ArrayList<>();
      for (int round = 0; round < (peer == null ? 1 : rounds); round++) {
        ours.add(benchmark.run(steps));
        if (peer != null) {
          theirs.add(Peer.stepMs(peer, shape, steps));
        }
      }
      MatrixFloor floor = breakdown ? MatrixFloor.measure(benchmark.config(), batch) : null;
      print(ours, theirs, floor, breakdown ? breakdown(benchmark) : List.of());
    }
    return 0;
  }

  private List<OpTimes.OpTime> breakdown(StepBenchmark benchmark) throws IOException {
    OpTimes times = new OpTimes();
    TarFlowNetwork.layer(benchmark.network()).setGraphListeners(times);
    benchmark.run(steps);
    return times.perStep(steps);
  }

  private void print(List<Figures> ours, List<Double> theirs, MatrixFloor floor, List<OpTimes.OpTime> ops) throws IOException {
    Figures figures = ours.get(ours.size() / 2);
    Circumstances circumstances = Circumstances.now();
    double[] ratios = IntStream.range(0, theirs.size()).mapToDouble(i -> ours.get(i).medianMs() / theirs.get(i)).sorted().toArray();
    if (json) {
      Map<String, Object> result = Json.object("medianMs", figures.medianMs(), "minMs", figures.minMs(), "p90Ms", figures.p90Ms(),
          "tokensPerSecond", figures.tokensPerSecond(), "peakRssMb", figures.peakRssMb(), "workingMemoryMb", figures.workingMemoryMb(),
          "parameters", figures.parameters(), "library", circumstances.library(), "coreType", circumstances.coreType());
      if (ratios.length > 0) {
        result.put("peerMs", theirs);
        result.put("ratios", ratios);
      }
      if (floor != null) {
        result.put("matrixProductsGigaflops", floor.gigaflops());
        result.put("matrixProductsGigaflopsPerSecond", floor.gigaflopsPerSecond());
        result.put("matrixProductsMs", floor.milliseconds());
        result.put("ops", ops);
      }
      out().println(Json.of(result));
      return;
    }
    for (int i = 0; i < ours.size(); i++) {
      Figures f = ours.get(i);
      out().printf("median %.1f ms  min %.1f  p90 %.1f  %,.0f tokens/s  peak memory %.0f MB%s%n", f.medianMs(), f.minMs(), f.p90Ms(),
          f.tokensPerSecond(), f.peakRssMb(), theirs.isEmpty() ? "" : String.format("  peer %.1f ms", theirs.get(i)));
    }
    if (ratios.length > 0) {
      out().printf("ratio ours / peer: median %.2f (%.2f to %.2f)%n", ratios[ratios.length / 2], ratios[0], ratios[ratios.length - 1]);
    }
    if (floor != null) {
      out().printf("matrix products alone: %.2f GFLOP per step, %.1f ms at the measured %.0f GFLOP/s; the step takes %.2f times that%n",
          floor.gigaflops(), floor.milliseconds(), floor.gigaflopsPerSecond(), figures.medianMs() / floor.milliseconds());
    }
    out().println(circumstances.products());
    for (OpTimes.OpTime op : ops) {
      out().printf("  %-36s %8.2f ms per step, %4.0f calls%n", op.op(), op.msPerStep(), op.callsPerStep());
    }
  }

  /** Adds up the time of each kind of op in a graph's runs. */
  private static final class OpTimes extends BaseListener {
    private final Map<String, double[]> byName = new TreeMap<>();
    private long begin;

    /** Time of one kind of op. */
    record OpTime(String op, double msPerStep, double callsPerStep) {}

    @Override
    public boolean isActive(Operation operation) {
      return true;
    }

    @Override
    public void preOpExecution(SameDiff sd, At at, SameDiffOp op, OpContext context) {
      begin = System.nanoTime();
    }

    @Override
    public void opExecution(SameDiff sd, At at, MultiDataSet batch, SameDiffOp op, OpContext context, INDArray[] outputs) {
      double[] sum = byName.computeIfAbsent(op.getOp().opName(), name -> new double[2]);
      sum[0] += (System.nanoTime() - begin) / 1e6;
      sum[1]++;
    }

    /** Slowest first. */
    List<OpTime> perStep(int steps) {
      return byName.entrySet().stream().map(each -> new OpTime(each.getKey(), each.getValue()[0] / steps, each.getValue()[1] / steps))
          .sorted(Comparator.comparing(OpTime::msPerStep).reversed()).toList();
    }
  }

  /**
   * Time of a training step's matrix products alone: their operations, forward and twice that backward, at the
   * rate that the native library reaches on all cores with products of a transformer's sizes.
   *
   * @param gigaflops of one step
   * @param gigaflopsPerSecond measured
   */
  private record MatrixFloor(double gigaflops, double gigaflopsPerSecond) {
    private static final int ROWS = 256;
    private static final int COLUMNS = 512;
    private static final int INNER = 256;
    private static final int TASKS_A_THREAD = 8;
    private static final int ROUNDS = 60;
    private static final int LINE = 16;
    private static final double GIGA = 1e9;

    static MatrixFloor measure(TarFlowConfig config, int batch) {
      double operations = 3.0 * Flops.of(config) * batch;
      int tasks = TASKS_A_THREAD * Parallel.threads();
      FloatPointer[] factors = new FloatPointer[tasks];
      FloatPointer[] products = new FloatPointer[tasks];
      FloatPointer weight = zeros(INNER * COLUMNS);
      for (int i = 0; i < tasks; i++) {
        factors[i] = zeros(ROWS * INNER);
        products[i] = zeros(ROWS * COLUMNS);
      }
      double best = Double.MAX_VALUE;
      for (int round = 0; round < ROUNDS; round++) {
        long begin = System.nanoTime();
        Parallel.run(tasks, i ->
            Gemm.run(false, false, ROWS, COLUMNS, INNER, 1f, factors[i], INNER, weight, COLUMNS, 0f, products[i], COLUMNS));
        best = Math.min(best, System.nanoTime() - begin);
      }
      return new MatrixFloor(operations / GIGA, 2.0 * ROWS * COLUMNS * INNER * tasks / best);
    }

    /** Begins a line of the cache, as a step's arrays do; elsewhere OpenBLAS takes up to 40 % longer. */
    private static FloatPointer zeros(int count) {
      FloatPointer result = new FloatPointer(new float[count + LINE]);
      return result.position((LINE - result.address() / Float.BYTES % LINE) % LINE);
    }

    /** The least milliseconds of a step. */
    double milliseconds() {
      return 1e3 * gigaflops / gigaflopsPerSecond;
    }
  }
}
