package org.tarflowlm.nn;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.array.SingleThreadArrayHolder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.flow.StackInverse;
import org.tarflowlm.graph.InverseGraph;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.graph.WindowGraph;
import org.tarflowlm.nn.session.GraphSession;
import org.tarflowlm.ops.Tensors;

/**
 * An {@link InverseGraph} for repeated runs. As in training, the order of ops that SameDiff determines is recorded for each shape. A
 * session serves one thread at a time; {@link #shared} serves many.
 */
public final class InverseSession {
  private static final List<String> OUTPUTS = List.of(WindowGraph.latent(0), InverseGraph.IDS);

  private final TarFlowConfig config;
  private final SameDiff sd;
  private final GraphSession session;
  private final Input noise = new Input();
  private final Input known = new Input();
  private Sampling sampling = Sampling.DEFAULT;

  /**
   * Builds the graph.
   *
   * @param parameters FLOAT arrays by name, used without a copy
   * @param prompt whether the graph has a prompt
   */
  public InverseSession(TarFlowConfig config, Map<String, INDArray> parameters, boolean prompt) {
    this.config = config;
    try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
      sd = emptyGraph();
      InverseGraph.build(sd, config, DataType.DOUBLE, parameters, sampling, prompt);
      session = new GraphSession(sd);
    }
  }

  /**
   * The inverse pass for many threads: one session for each caller at work, over one shared set of parameters.
   *
   * @param parameters called once, at the first pass; the arrays must not change
   */
  public static StackInverse shared(TarFlowConfig config, Supplier<Map<String, INDArray>> parameters) {
    return new Shared(config, parameters);
  }

  /** An empty graph that uses parameter arrays without a copy, even views of a network's array. */
  static SameDiff emptyGraph() {
    SameDiff sd = SameDiff.create();
    // DL4J's parameters are views into one flat array; only this holder does not copy views
    sd.setArrayHolders(new SingleThreadArrayHolder(), new SingleThreadArrayHolder(), false);
    return sd;
  }

  /** Turns noise into text: {@link StackInverse#inverse}, for one caller at a time. */
  public StackInverse.Window inverse(Sampling wanted, double[][] u, double[][] prompt) {
    if (!wanted.equals(sampling)) {
      InverseGraph.sample(sd, wanted);
      sampling = wanted;
    }
    try {
      INDArray filled = noise.filled(u, config.channels());
      Map<String, INDArray> placeholders = prompt[0].length == 0 ? Map.of(InverseGraph.U, filled)
          : Map.of(InverseGraph.U, filled, InverseGraph.PROMPT, known.filled(prompt, config.channels()));
      Map<String, INDArray> results = session.run(OUTPUTS, placeholders, Operation.INFERENCE, List.of(), Map.of());
      double[][] z = new double[u.length][u[0].length];
      int[][] tokens = new int[u.length][u[0].length / config.latentDim()];
      double[] latents = results.get(WindowGraph.latent(0)).dup('c').data().asDouble();
      int[] ids = Tensors.ints(results.get(InverseGraph.IDS));
      for (int b = 0; b < z.length; b++) {
        System.arraycopy(latents, b * z[b].length, z[b], 0, z[b].length);
        System.arraycopy(ids, b * tokens[b].length, tokens[b], 0, tokens[b].length);
      }
      return new StackInverse.Window(z, tokens);
    } finally {
      session.endStep();
    }
  }

  /** Keeps the sessions that no caller uses at the moment. */
  private static final class Shared implements StackInverse {
    private final TarFlowConfig config;
    private final Supplier<Map<String, INDArray>> source;
    private final Queue<InverseSession> fromNothing = new ConcurrentLinkedQueue<>();
    private final Queue<InverseSession> withPrompt = new ConcurrentLinkedQueue<>();
    private Map<String, INDArray> parameters;

    Shared(TarFlowConfig config, Supplier<Map<String, INDArray>> source) {
      this.config = config;
      this.source = source;
    }

    @Override
    public Window inverse(Sampling sampling, double[][] u, double[][] prompt) {
      Queue<InverseSession> idle = prompt[0].length == 0 ? fromNothing : withPrompt;
      InverseSession session = idle.poll();
      if (session == null) {
        session = new InverseSession(config, parameters(), idle == withPrompt);
        InverseGraph.fixParameters(session.sd);
      }
      Window window = session.inverse(sampling, u, prompt);
      idle.add(session);
      return window;
    }

    /** Whether the graph pays on the running backend; backends other than the CPU's copy a flow's parameters to the host at every run. */
    @Override
    public boolean isAvailable() {
      return KernelChoice.AUTO.usesJava();
    }

    private synchronized Map<String, INDArray> parameters() {
      if (parameters == null) {
        parameters = source.get();
      }
      return parameters;
    }
  }

  /** The array of one input, reused for every text, because ND4J takes longer to create an array than to run a small op. */
  private static final class Input {
    private INDArray array;

    INDArray filled(double[][] sequences, int channels) {
      int length = sequences[0].length;
      long[] shape = {sequences.length, length / channels, channels};
      if (array == null || !Arrays.equals(array.shape(), shape)) {
        if (array != null) {
          array.close();
        }
        array = Nd4j.createUninitializedDetached(DataType.DOUBLE, shape);
      }
      for (int b = 0; b < sequences.length; b++) {
        Tensors.write(sequences[b], length, array, (long) b * length);
      }
      return array;
    }
  }
}
