package org.tarflowlm.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.command.Json;
import org.tarflowlm.config.CodebookSpec;
import org.tarflowlm.config.CodebookSpec.SigmaMode;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;

/** Times training steps (forward, backward and update) and forward passes of a freshly initialised model on random tokens. */
public final class StepBenchmark implements AutoCloseable {
  private static final int VOCAB = 27;
  private static final int LATENT_DIM = 5;
  private static final double MEGABYTE = 1 << 20;
  private static final double MOST_SECONDS = 5;

  private final TarFlowConfig config;
  private final ComputationGraph network;
  private final INDArray ids;
  private final int tokens;

  /** Model to time. */
  public enum Model {
    AR,
    MIXD,
    MIX1,
    AFFINE
  }

  /**
   * Sizes of a benchmark.
   *
   * @param batch windows per step
   * @param sequence tokens per window
   * @param layers transformer layers of each flow; their sum for the autoregressive model
   */
  public record Shape(Model model, int batch, int sequence, int width, List<Integer> layers, int heads, int vocab) {
    /** With the {@value #VOCAB} symbols of text8. */
    public Shape(Model model, int batch, int sequence, int width, List<Integer> layers, int heads) {
      this(model, batch, sequence, width, layers, heads, VOCAB);
    }

    /** What a peer's command may ask for in braces: batch, seq, width, layers, heads, vocab and steps. */
    Map<String, Object> placeholders(int steps) {
      return Json.object("batch", batch, "seq", sequence, "width", width,
          "layers", layers.stream().map(String::valueOf).collect(Collectors.joining(",")), "heads", heads, "vocab", vocab, "steps", steps);
    }

    TarFlowConfig config() {
      List<FlowSpec> flows = new ArrayList<>();
      Direction direction = Direction.LEFT_TO_RIGHT;
      for (int count : layers) {
        flows.add(flow(count, direction, flows.isEmpty()));
        direction = direction.opposite();
      }
      CodebookSpec codebook = model == Model.MIXD ? CodebookSpec.defaults() : new CodebookSpec(0.15, SigmaMode.FIXED, null, null);
      return new TarFlowConfig(model == Model.AR ? ModelType.AUTOREGRESSIVE : ModelType.TARFLOW, vocab, sequence, LATENT_DIM, width, heads,
          1, null, flows, codebook, null, null, null);
    }

    private FlowSpec flow(int count, Direction direction, boolean first) {
      return switch (model) {
        case AFFINE, AR -> FlowSpec.affine(count, direction);
        case MIX1 -> FlowSpec.mix1(count, vocab, direction);
        case MIXD -> first ? FlowSpec.tiedMixD(count, vocab, direction) : FlowSpec.mix1(count, 2, direction);
      };
    }
  }

  /**
   * Results of one run.
   *
   * @param tokensPerSecond at the median time of a step
   * @param peakRssMb largest resident set of the process so far, in MiB; 0 if the system does not report it
   * @param workingMemoryMb memory of the step's activations and gradients, in MiB
   */
  public record Figures(double medianMs, double minMs, double p90Ms, double tokensPerSecond, double peakRssMb, double workingMemoryMb,
      long parameters) {}

  public StepBenchmark(Shape shape, KernelChoice kernels) {
    this(shape.config(), shape.batch(), kernels);
  }

  /** @param batch windows of the context length per step */
  public StepBenchmark(TarFlowConfig config, int batch, KernelChoice kernels) {
    this.config = config;
    network = TarFlowNetwork.create(config, OptimizerSpec.defaults(), 1_000_000, 1, kernels, List.of(), DataType.FLOAT);
    tokens = batch * config.contextLength();
    ids = Nd4j.createFromArray(new Random(1).ints(tokens, 0, config.vocabSize()).toArray()).reshape(batch, config.contextLength());
  }

  /** The model that is timed. */
  TarFlowConfig config() {
    return config;
  }

  /** The network under test. */
  public ComputationGraph network() {
    return network;
  }

  /** Runs untimed steps, so that the JIT compiler compiles the kernels. */
  public void warmUp(int steps) {
    for (int i = 0; i < steps; i++) {
      network.fit(new MultiDataSet(ids, ids));
    }
  }

  /**
   * Warms up for the given number of steps, and on for half a second for each of them up to five: so long the JIT compiler may take a core
   * from the steps.
   */
  public void warmUpLong(int steps) {
    long begin = System.nanoTime();
    warmUp(steps);
    while (System.nanoTime() - begin < Math.min(MOST_SECONDS, 0.5 * steps) * 1e9) {
      warmUp(1);
    }
  }

  /** Milliseconds of one training step. */
  double stepMs() {
    long begin = System.nanoTime();
    network.fit(new MultiDataSet(ids, ids));
    return (System.nanoTime() - begin) / 1e6;
  }

  /** Milliseconds of one forward pass, which gives the likelihood of all the windows. */
  double forwardMs() {
    long begin = System.nanoTime();
    network.score(new MultiDataSet(ids, ids), false);
    return (System.nanoTime() - begin) / 1e6;
  }

  /** Times steps one by one. */
  public Figures run(int steps) throws IOException {
    double[] milliseconds = IntStream.range(0, steps).mapToDouble(i -> stepMs()).sorted().toArray();
    double median = milliseconds[steps / 2];
    return new Figures(median, milliseconds[0], milliseconds[(int) (steps * 0.9)], tokens / median * 1000, ResidentMemory.peakMb(),
        workingMemoryMb(), network.numParams());
  }

  /** Native memory of a step's activations and gradients, in MiB. */
  double workingMemoryMb() {
    return TarFlowNetwork.layer(network).workingMemoryBytes() / MEGABYTE;
  }

  /** Peak use during a step, in MiB. */
  double peakLiveMb() {
    return TarFlowNetwork.layer(network).peakLiveBytes() / MEGABYTE;
  }

  /** Frees the native memory. */
  @Override
  public void close() {
    TarFlowNetwork.layer(network).close();
    network.close();
    ids.close();
  }
}
