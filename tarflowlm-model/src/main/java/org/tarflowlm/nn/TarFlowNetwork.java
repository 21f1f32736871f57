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
import org.tarflowlm.config.CodebookSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.Backend;
import org.tarflowlm.data.latent.LatentCodebook;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.graph.InverseGraph;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.json.ConfigException;

/**
 * Models as DL4J networks: a ComputationGraph of one output layer, {@value #LAYER}, whose input is {@value #INPUT} unless
 * {@link ModelInputs} say otherwise.
 */
public final class TarFlowNetwork {
  public static final String INPUT = "ids";
  public static final String LAYER = "tarflow";
  private static final String JOINED = "idsAndNoise";

  private TarFlowNetwork() {}

  /** A freshly initialised network of FLOAT parameters that trains all of them. */
  public static ComputationGraph create(TarFlowConfig config, OptimizerSpec optimizer, int totalSteps, long seed) {
    return create(config, optimizer, totalSteps, seed, KernelChoice.AUTO, List.of(), DataType.FLOAT);
  }

  /**
   * A freshly initialised network of FLOAT parameters that takes latents, or noise besides ids; a trained one is changed by
   * {@link FineTuning#inputs}.
   *
   * @throws IllegalArgumentException if a discrete model is to take anything but ids
   */
  public static ComputationGraph create(TarFlowConfig config, OptimizerSpec optimizer, int totalSteps, long seed, ModelInputs inputs) {
    ensureBackend();
    TarFlowOutputLayer layer = new TarFlowOutputLayer(config, seed, KernelChoice.AUTO, List.of());
    layer.setInputs(inputs);
    return create(layer, optimizer, totalSteps, DataType.FLOAT);
  }

  /**
   * A freshly initialised network.
   *
   * @param totalSteps iterations over which the learning rate decays
   * @param seed of the parameters' start and of the encoder's noise
   * @param frozen parameters that do not train: parts such as {@code codebook}, {@code flow0}, {@code flow0.block1}
   * @throws IllegalArgumentException if a name of {@code frozen} or of the optimiser's rate factors is that of no parameter
   */
  public static ComputationGraph create(TarFlowConfig config, OptimizerSpec optimizer, int totalSteps, long seed, KernelChoice kernels,
      List<String> frozen, DataType type) {
    requireRoom(config, type);
    ensureBackend();
    return create(new TarFlowOutputLayer(config, seed, kernels, frozen), optimizer, totalSteps, type);
  }

  private static ComputationGraph create(TarFlowOutputLayer layer, OptimizerSpec optimizer, int totalSteps, DataType type) {
    layer.optimize(optimizer, totalSteps);
    ComputationGraphConfiguration conf = new NeuralNetConfiguration.Builder().seed(layer.getNoiseSeed()).dataType(type)
        .graphBuilder().addInputs(INPUT).addLayer(LAYER, layer, INPUT).setOutputs(LAYER).build();
    connect(conf, layer.getInputs());
    ComputationGraph network = new OnePassGraph(conf);
    network.init();
    return network;
  }

  /** Gives a network of one layer other inputs. */
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

  /** The network's graph over whole windows, as {@link #sameDiff(ComputationGraph, int)}. */
  public static SameDiff sameDiff(ComputationGraph network) {
    return sameDiff(network, layer(network).model().contextLength());
  }

  /**
   * The network's graph from text to likelihood ({@link org.tarflowlm.graph.WindowGraph}) as a graph of the caller's own. It reads the
   * network's parameters where they are, so it follows the network's training. For one thread.
   *
   * @param tokens T of its windows
   */
  public static SameDiff sameDiff(ComputationGraph network, int tokens) {
    return layer(network).graph(tokens);
  }

  /** The network's graph from noise to text without a prompt, as {@link #inverseSameDiff(ComputationGraph, Sampling, boolean)}. */
  public static SameDiff inverseSameDiff(ComputationGraph network) {
    return inverseSameDiff(network, Sampling.DEFAULT, false);
  }

  /**
   * The network's graph from noise to text ({@link InverseGraph}) with DOUBLE latents, as a graph of the caller's own. It reads the
   * network's parameters where they are, and packs them again when they have changed. For one thread.
   *
   * @param prompt whether the text begins with a prompt
   * @throws IllegalArgumentException if the model is discrete, or has no flow that can honour the sampling
   */
  public static SameDiff inverseSameDiff(ComputationGraph network, Sampling sampling, boolean prompt) {
    SameDiff sd = InverseSession.emptyGraph();
    InverseGraph.build(sd, layer(network).model(), DataType.DOUBLE, parameters(network), sampling, prompt);
    return sd;
  }

  /**
   * The encoder as data pipelines use it: {@code LatentPreProcessor} and {@code LatentTransform} make latents with it that the network
   * takes with {@link ModelInputs#LATENTS}. A copy, which does not follow the network's training.
   */
  public static LatentCodebook codebook(ComputationGraph network) {
    TarFlowConfig config = layer(network).model();
    Map<String, INDArray> parameters = parameters(network);
    if (config.model() == ModelType.AUTOREGRESSIVE) {
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

  /** The least that a network takes, its parameters and their gradients, against all that the machine has. */
  private static void requireRoom(TarFlowConfig config, DataType type) {
    long parameters = ParameterShapes.parameterCount(config);
    if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean machine
        && 2.0 * type.width() * parameters > machine.getTotalMemorySize()) {
      throw new ConfigException("the model has " + parameters + " parameters; with their gradients they take more than the "
          + machine.getTotalMemorySize() + " bytes of memory that this machine has");
    }
  }

  /**
   * Makes ND4J find its backend and DL4J this project's layers, whatever the thread; to be called before the first use of DL4J.
   *
   * @throws IllegalStateException if there is no backend
   */
  public static void ensureBackend() {
    Backend.ensure();
    if (!Backend.sees(DL4JClassLoading.getDl4jClassloader(), TarFlowNetwork.class)) {
      DL4JClassLoading.setDl4jClassloaderFromClass(TarFlowNetwork.class);
    }
  }

  /**
   * Result of an update.
   *
   * @param loss mean over its batches in nats per token
   * @param skipped whether the parameters stayed as they were, see {@link OptimizerSpec#skipNorm()}
   */
  public record Step(double loss, boolean skipped) {}

  /**
   * One update from several batches, whose gradients add up: as from one batch of all their rows, in the memory of one of them. Each
   * batch has a draw of the encoder's noise of its own.
   *
   * @param network made here, or by {@link FineTuning}
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

  /** Sets the number of updates that the network believes to have behind it: the schedule continues from there. */
  public static void setIteration(ComputationGraph network, int iteration) {
    network.getConfiguration().setIterationCount(iteration);
  }
}
