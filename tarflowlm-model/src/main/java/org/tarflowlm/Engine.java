package org.tarflowlm;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.eval.TextWindows.Nats;
import org.tarflowlm.eval.TextWindows.Window;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.generate.AutoregressiveSampler;
import org.tarflowlm.generate.FlowGenerator;
import org.tarflowlm.generate.TextGenerator;
import org.tarflowlm.nn.InverseSession;
import org.tarflowlm.nn.NetworkPool;
import org.tarflowlm.nn.TarFlowLayer;
import org.tarflowlm.nn.TarFlowNetwork;
import org.tarflowlm.zoo.TarFlowZoo;

/** A model's networks, flow weights and sampler, each built on first use and all freed by {@link #close}. Thread-safe. */
final class Engine implements AutoCloseable {
  private final String name;
  private final Tokenizer tokenizer;
  private final NetworkPool networks = new NetworkPool(this::network);
  private final WindowQueue queue = new WindowQueue();
  private Checkpoint checkpoint;
  private StackWeights weights;
  private TextGenerator generator;
  private LatentSpace latents;

  Engine(String name, Checkpoint checkpoint, Tokenizer tokenizer) {
    this.name = name;
    this.checkpoint = checkpoint;
    this.tokenizer = tokenizer;
  }

  /** Starts ND4J while a checkpoint of the zoo is read. A name that may be wrong starts nothing. */
  static void startFor(String model) {
    if (TarFlowZoo.has(model)) {
      TarFlowNetwork.startBackend();
    }
  }

  synchronized Checkpoint checkpoint() {
    if (checkpoint == null) {
      throw new IllegalStateException("the model " + name + " is closed");
    }
    return checkpoint;
  }

  /** Runs work on a network that no other caller uses meanwhile. */
  <T> T withNetwork(Function<TarFlowLayer, T> work) {
    return natively(() -> networks.with(work));
  }

  /** Scores windows, together with those of other threads that wait for a network. */
  Nats[] score(List<Window> windows, boolean terms) {
    WindowQueue.Request request = queue.add(windows, terms);
    try {
      withNetwork(layer -> {
        queue.serve(request, layer);
        return null;
      });
    } finally {
      queue.remove(request);
    }
    return request.result();
  }

  private ComputationGraph network() {
    Checkpoint source = checkpoint();
    return CheckpointNetworks.network(source);
  }

  synchronized TextGenerator generator() {
    Checkpoint source = checkpoint();
    if (generator == null) {
      generator = natively(() -> source.config().model() == ModelType.TARFLOW
          ? new FlowGenerator(weights(), tokenizer, source::ngrams).through(InverseSession.shared(source.config(), () -> arrays(source)))
          : new AutoregressiveSampler(source.config(), source::values, tokenizer));
    }
    return generator;
  }

  private static Map<String, INDArray> arrays(Checkpoint source) {
    Map<String, INDArray> parameters = new LinkedHashMap<>();
    source.tensors().forEach((name, tensor) -> parameters.put(name, Nd4j.create(tensor.values(), tensor.shape(), 'c')));
    return parameters;
  }

  /** @throws IllegalStateException if the model is discrete */
  FlowGenerator flows() {
    requireFlows("flows");
    return (FlowGenerator) generator();
  }

  /** @throws IllegalStateException if the model is discrete */
  synchronized LatentSpace latents() {
    requireFlows("latents");
    if (latents == null) {
      latents = new LatentSpace(weights(), tokenizer);
    }
    return latents;
  }

  /** @throws IllegalStateException if the model is discrete and so lacks {@code what} */
  void requireFlows(String what) {
    ModelType type = checkpoint().config().model();
    if (type != ModelType.TARFLOW) {
      throw new IllegalStateException("the model " + name + " is " + type + ", which has no " + what + "; expected " + ModelType.TARFLOW);
    }
  }

  private synchronized StackWeights weights() {
    Checkpoint source = checkpoint();
    if (weights == null) {
      weights = natively(() -> StackWeights.of(source.config(), source::values));
    }
    return weights;
  }

  /** Waits for the work that the networks are doing, then frees everything. */
  @Override
  public void close() {
    networks.close(this::release);
  }

  private synchronized void release() {
    weights = null;
    generator = null;
    latents = null;
    checkpoint = null;
  }

  /**
   * Runs work that loads native libraries.
   *
   * @throws IllegalStateException with a one-line reason, instead of several kinds of Error, if a library cannot be loaded
   */
  static <T> T natively(Supplier<T> work) {
    try {
      return work.get();
    } catch (LinkageError e) {
      Throwable root = e;
      while (root.getCause() != null) {
        root = root.getCause();
      }
      throw new IllegalStateException("the native libraries cannot be loaded: "
          + (root.getMessage() == null ? root.toString() : root.getMessage().lines().findFirst().orElse(""))
          + "; they are unpacked into ~/.javacpp/cache, or the folder of -Dorg.bytedeco.javacpp.cachedir, which needs 300 MB and must "
          + "allow programs to run", e);
    }
  }
}
