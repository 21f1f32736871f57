package org.tarflowlm.nn;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.KernelChoice;

/** Models as DL4J networks: a ComputationGraph of one input, {@value #INPUT}, and one output layer, {@value #LAYER}. */
public final class TarFlowNetwork {
  public static final String INPUT = "ids";
  public static final String LAYER = "tarflow";
  private static final double ADAM_EPSILON = 1e-8;

  private TarFlowNetwork() {}

  /** A freshly initialised network of FLOAT parameters that trains all of them. */
  public static ComputationGraph create(TarFlowConfig config, OptimizerSpec optimizer, int totalSteps, long seed) {
    return create(config, optimizer, totalSteps, seed, KernelChoice.AUTO, List.of(), DataType.FLOAT);
  }

  /**
   * A freshly initialised network.
   *
   * @param totalSteps iterations over which the learning rate decays
   * @param seed of the parameters' start and of the encoder's noise
   * @param frozen name prefixes of parameters that do not train
   */
  public static ComputationGraph create(TarFlowConfig config, OptimizerSpec optimizer, int totalSteps, long seed, KernelChoice kernels,
      List<String> frozen, DataType type) {
    NeuralNetConfiguration.Builder builder = new NeuralNetConfiguration.Builder()
        .seed(seed)
        .dataType(type)
        .updater(Adam.builder()
            .learningRate(optimizer.learningRate())
            .learningRateSchedule(new WarmupCosineSchedule(optimizer.learningRate(), optimizer.warmupSteps(), totalSteps,
                optimizer.finalFraction()))
            .beta1(optimizer.beta1())
            .beta2(optimizer.beta2())
            .epsilon(ADAM_EPSILON)
            .build());
    if (optimizer.weightDecay() > 0) {
      builder.weightDecay(optimizer.weightDecay());
    }
    if (optimizer.clipNorm() > 0) {
      builder.gradientNormalization(GradientNormalization.ClipL2PerLayer).gradientNormalizationThreshold(optimizer.clipNorm());
    }
    ComputationGraphConfiguration conf = builder.graphBuilder()
        .addInputs(INPUT)
        .addLayer(LAYER, new TarFlowOutputLayer(config, seed, kernels, frozen), INPUT)
        .setOutputs(LAYER)
        .build();
    ComputationGraph network = new ComputationGraph(conf);
    network.init();
    return network;
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

  /** Sets the number of updates that the network believes to have behind it: the schedule goes on from there. */
  public static void setIteration(ComputationGraph network, int iteration) {
    network.getConfiguration().setIterationCount(iteration);
  }
}
