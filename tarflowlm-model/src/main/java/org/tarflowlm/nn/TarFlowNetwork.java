package org.tarflowlm.nn;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.tarflowlm.config.ParameterShapes;
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
   * @param frozen parameters that do not train: parts such as {@code codebook}, {@code flow0}, {@code flow0.block1}
   * @throws IllegalArgumentException if a name of {@code frozen} or of the optimiser's rate factors is that of no parameter
   */
  public static ComputationGraph create(TarFlowConfig config, OptimizerSpec optimizer, int totalSteps, long seed, KernelChoice kernels,
      List<String> frozen, DataType type) {
    TarFlowOutputLayer layer = new TarFlowOutputLayer(config, seed, kernels, frozen);
    optimize(layer, optimizer, totalSteps);
    ComputationGraphConfiguration conf = new NeuralNetConfiguration.Builder().seed(seed).dataType(type).graphBuilder()
        .addInputs(INPUT)
        .addLayer(LAYER, layer, INPUT)
        .setOutputs(LAYER)
        .build();
    ComputationGraph network = new OnePassGraph(conf);
    network.init();
    return network;
  }

  /**
   * Gives a layer the optimiser of a specification.
   *
   * @throws IllegalArgumentException if a rate factor is that of no part of the model
   */
  static void optimize(TarFlowOutputLayer layer, OptimizerSpec optimizer, int totalSteps) {
    layer.setUpdater(Adam.builder()
        .learningRate(optimizer.learningRate())
        .learningRateSchedule(new WarmupCosineSchedule(optimizer.learningRate(), optimizer.warmupSteps(), totalSteps,
            optimizer.finalFraction()))
        .beta1(optimizer.beta1())
        .beta2(optimizer.beta2())
        .epsilon(ADAM_EPSILON)
        .build());
    layer.setBiasUpdater(null);
    layer.setRegularization(optimizer.weightDecay() > 0 ? List.of(new WeightDecay(optimizer.weightDecay(), true)) : List.of());
    layer.setRegularizationBias(List.of());
    layer.setGradientNormalization(optimizer.clipNorm() > 0 ? GradientNormalization.ClipL2PerLayer : GradientNormalization.None);
    layer.setGradientNormalizationThreshold(optimizer.clipNorm());
    ParameterNames.select(ParameterShapes.of(layer.model()).keySet(), optimizer.rateFactors().keySet());
    layer.setRateFactors(optimizer.rateFactors());
    layer.setSkipNorm(optimizer.skipNorm());
    layer.setSkipAfter(optimizer.skipAfter());
  }

  /**
   * What an update was.
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

  /** Sets the number of updates that the network believes to have behind it: the schedule goes on from there. */
  public static void setIteration(ComputationGraph network, int iteration) {
    network.getConfiguration().setIterationCount(iteration);
  }
}
