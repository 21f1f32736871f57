package org.tarflowlm.nn;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.config.DL4JClassLoading;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.CodebookSpec;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.Backend;
import org.tarflowlm.data.latent.LatentCodebook;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.graph.InverseGraph;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.json.ConfigException;

/**
 * Models as DL4J networks: a ComputationGraph with one output layer, {@value #LAYER}, whose input is {@value #INPUT} unless
 * {@link ModelInputs} says otherwise.
 */
public final class TarFlowNetwork {
  public static final String INPUT = "ids";
  public static final String LAYER = "tarflow";
  private static final String JOINED = "idsAndNoise";

  private TarFlowNetwork() {}

  /** A new, untrained network with FLOAT parameters, all of which train. */
  public static ComputationGraph create(TarFlowConfig config, OptimizerSpec optimizer, int totalSteps, long seed) {
    return create(config, optimizer, totalSteps, seed, KernelChoice.AUTO, List.of(), DataType.FLOAT);
  }

  /**
   * A new, untrained network with FLOAT parameters and the given inputs; {@link FineTuning#inputs} changes those of a trained network.
   *
   * @throws IllegalArgumentException if the model is discrete and the inputs are not {@link ModelInputs#IDS}
   */
  public static ComputationGraph create(TarFlowConfig config, OptimizerSpec optimizer, int totalSteps, long seed, ModelInputs inputs) {
    ensureBackend();
    TarFlowOutputLayer layer = new TarFlowOutputLayer(config, seed, KernelChoice.AUTO, List.of());
    layer.setInputs(inputs);
    return create(layer, optimizer, totalSteps, DataType.FLOAT);
  }

  /**
   * A new, untrained network.
   *
   * @param totalSteps iterations over which the learning rate decays
   * @param seed of the initial parameters and of the encoder's noise
   * @param frozen parameters that do not train: parts such as {@code codebook}, {@code flow0}, {@code flow0.block1}
   * @throws IllegalArgumentException if a name in {@code frozen} or in the optimiser's rate factors matches no parameter
   */
  public static ComputationGraph create(TarFlowConfig config, OptimizerSpec optimizer, int totalSteps, long seed, KernelChoice kernels,
      List<String> frozen, DataType type) {
    requireRoom(config, type);
    ensureBackend();
    return create(new TarFlowOutputLayer(config, seed, kernels, frozen), optimizer, totalSteps, type);
  }

  /** Like {@link #create(TarFlowConfig, OptimizerSpec, int, long)}, with zeros for parameters: for weights that the caller has. */
  public static ComputationGraph createEmpty(TarFlowConfig config, OptimizerSpec optimizer, int totalSteps, long seed) {
    requireRoom(config, DataType.FLOAT);
    ensureBackend();
    ComputationGraph network = new OnePassGraph(
        configuration(new TarFlowOutputLayer(config, seed, KernelChoice.AUTO, List.of()), optimizer, totalSteps, DataType.FLOAT));
    network.init(Nd4j.create(DataType.FLOAT, 1, ParameterShapes.parameterCount(config)), false);
    return network;
  }

  private static ComputationGraph create(TarFlowOutputLayer layer, OptimizerSpec optimizer, int totalSteps, DataType type) {
    ComputationGraph network = new OnePassGraph(configuration(layer, optimizer, totalSteps, type));
    network.init();
    return network;
  }

  private static ComputationGraphConfiguration configuration(TarFlowOutputLayer layer, OptimizerSpec optimizer, int totalSteps,
      DataType type) {
    layer.optimize(optimizer, totalSteps);
    ComputationGraphConfiguration conf = new NeuralNetConfiguration.Builder().seed(layer.getNoiseSeed()).dataType(type)
        .graphBuilder().addInputs(INPUT).addLayer(LAYER, layer, INPUT).setOutputs(LAYER).build();
    connect(conf, layer.getInputs());
    return conf;
  }

  /** Connects other inputs to the network's only layer. */
  static void connect(ComputationGraphConfiguration conf, ModelInputs inputs) {
    List<String> names = inputs.names();
    conf.setNetworkInputs(new ArrayList<>(names));
    conf.getVertices().remove(JOINED);
    conf.getVertexInputs().remove(JOINED);
    if (names.size() > 1) {
      conf.getVertices().put(JOINED, new IdsAndNoiseVertex());
      conf.getVertexInputs().put(JOINED, new ArrayList<>(names));
    }
    conf.getVertexInputs().put(LAYER, new ArrayList<>(List.of(names.size() > 1 ? JOINED : names.get(0))));
    conf.setTopologicalOrder(null);
    conf.setTopologicalOrderStr(null);
  }

  /** Like {@link #sameDiff(ComputationGraph, int)}, for windows of the context length. */
  public static SameDiff sameDiff(ComputationGraph network) {
    return sameDiff(network, layer(network).model().contextLength());
  }

  /**
   * A new graph from text to likelihood ({@link org.tarflowlm.graph.WindowGraph}), which the caller owns. It shares the network's
   * parameters, so it follows the network's training. Not thread-safe.
   *
   * @param tokens T, tokens in its windows
   */
  public static SameDiff sameDiff(ComputationGraph network, int tokens) {
    return layer(network).graph(tokens);
  }

  /** Like {@link #inverseSameDiff(ComputationGraph, Sampling, boolean)}, with default sampling and without a prompt. */
  public static SameDiff inverseSameDiff(ComputationGraph network) {
    return inverseSameDiff(network, Sampling.DEFAULT, false);
  }

  /**
   * A new graph from noise to text ({@link InverseGraph}) with DOUBLE latents, which the caller owns. It shares the network's parameters,
   * and repacks them when they have changed. Not thread-safe.
   *
   * @param prompt whether the text begins with a prompt
   * @throws IllegalArgumentException if the model is discrete, or no flow supports the sampling options
   */
  public static SameDiff inverseSameDiff(ComputationGraph network, Sampling sampling, boolean prompt) {
    SameDiff sd = InverseSession.emptyGraph();
    InverseGraph.build(sd, layer(network).model(), DataType.DOUBLE, parameters(network), sampling, prompt);
    return sd;
  }

  /**
   * The encoder for data pipelines: {@code LatentPreProcessor} and {@code LatentTransform} use it to make latents for networks with
   * {@link ModelInputs#LATENTS}. It is a copy, which does not follow the network's training.
   */
  public static LatentCodebook codebook(ComputationGraph network) {
    TarFlowConfig config = layer(network).model();
    Map<String, INDArray> parameters = parameters(network);
    if (!config.isFlow()) {
      throw new IllegalArgumentException("a discrete model has no codebook");
    }
    CodebookSpec spec = config.codebook();
    INDArray logSigma = parameters.get("codebook.logSigma");
    float[] logScales = logSigma == null ? new float[] {(float) Math.log(spec.sigma())} : logSigma.dup('c').data().asFloat();
    for (int i = 0; i < logScales.length && logSigma != null; i++) {
      logScales[i] = Math.max(logScales[i], (float) Math.log(spec.sigmaMin()));
    }
    return new LatentCodebook(config.latentDim(), parameters.get("codebook.mean").dup('c').data().asFloat(), logScales);
  }

  /** Checks that the parameters and their gradients, the least that a network needs, fit the machine's memory. */
  private static void requireRoom(TarFlowConfig config, DataType type) {
    long parameters = ParameterShapes.parameterCount(config);
    if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean machine
        && 2.0 * type.width() * parameters > machine.getTotalMemorySize()) {
      throw new ConfigException("the model has " + parameters + " parameters; with their gradients they take more than the "
          + machine.getTotalMemorySize() + " bytes of memory that this machine has");
    }
  }

  /**
   * Loads ND4J's backend and registers this project's layers with DL4J, from any thread. Call it before the first use of DL4J.
   *
   * @throws IllegalStateException if there is no backend
   */
  public static void ensureBackend() {
    Backend.ensure();
    if (!Backend.sees(DL4JClassLoading.getDl4jClassloader(), TarFlowNetwork.class)) {
      DL4JClassLoading.setDl4jClassloaderFromClass(TarFlowNetwork.class);
    }
    EarlyStart.await();
  }

  /**
   * Starts ND4J on a thread of its own, so that a checkpoint can be read meanwhile; {@link #ensureBackend} waits for it.
   *
   * @throws IllegalStateException if there is no backend
   */
  public static void startBackend() {
    ensureBackend();
    EarlyStart.begin();
  }

  /**
   * Result of an update.
   *
   * @param loss mean over its batches, in nats per token
   * @param skipped whether the update was skipped and the parameters are unchanged, see {@link OptimizerSpec#skipNorm()}
   */
  public record Step(double loss, boolean skipped) {}

  /**
   * Runs one update with the summed gradients of several batches: as if all their rows were one batch, but with the memory of a single
   * batch. Each batch has its own draw of the encoder's noise.
   *
   * @param network built by this class or by {@link FineTuning}
   */
  public static Step step(ComputationGraph network, List<? extends MultiDataSet> batches) {
    return ((OnePassGraph) network).step(batches);
  }

  /** The layer that holds the model. */
  public static TarFlowLayer layer(ComputationGraph network) {
    return (TarFlowLayer) network.getLayer(LAYER);
  }

  /** Parameter arrays by name: views into the network's flat array, so writing to them changes the network. */
  public static Map<String, INDArray> parameters(ComputationGraph network) {
    return network.getLayer(LAYER).paramTable();
  }

  /** The optimiser's moments of all parameters as one flat array: a view, so writing to it changes the network. */
  public static INDArray updaterState(ComputationGraph network) {
    return network.getUpdater().getStateViewArray();
  }

  /** Sets the network's count of past updates, from which the learning-rate schedule continues. */
  public static void setIteration(ComputationGraph network, int iteration) {
    network.getConfiguration().setIterationCount(iteration);
  }
}
