package org.tarflowlm.nn;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.samediff.SDLayerParams;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffOutputLayer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.graph.WindowGraph;
import org.tarflowlm.init.ParameterInit;

/**
 * Configuration of the one DL4J layer that holds a whole model. {@link ModelInputs} describes its input; its loss is the negative ELBO (or
 * log-likelihood) in nats per token.
 *
 * <p>With {@link ModelInputs#IDS}, labels are either the ids again, [batch, time], or the encoder's noise, [batch, time, latentDim]. Given
 * ids, the layer draws the noise from its seed, the iteration and the ids.
 *
 * <p>Features, labels or both may have a mask, [batch, time], of ones followed by zeros. Masked tokens enter neither loss nor gradient; the
 * loss is the mean over all other tokens of the batch.
 *
 * <p>The settings are plain properties because DL4J reads and writes layers as JSON with its own mapper.
 */
public class TarFlowOutputLayer extends SameDiffOutputLayer {
  private static final double ADAM_EPSILON = 1e-8;

  @JsonProperty private String configJson;
  /** Parsed from {@link #configJson} on first use. */
  private transient TarFlowConfig model;
  @JsonProperty private long noiseSeed;
  @JsonProperty private KernelChoice kernels = KernelChoice.AUTO;
  @JsonProperty private List<String> frozen = List.of();
  @JsonProperty private ModelInputs inputs = ModelInputs.IDS;
  @JsonProperty private Map<String, Double> rateFactors = Map.of();
  @JsonProperty private double skipNorm;
  @JsonProperty private int skipAfter;

  /** For DL4J's JSON only. */
  protected TarFlowOutputLayer() {}

  /**
   * @param noiseSeed seed of the encoder's noise and of the initial parameters
   * @param frozen parameters that do not train, as {@link ParameterNames} reads them
   * @throws IllegalArgumentException if a name in {@code frozen} matches no parameter
   */
  public TarFlowOutputLayer(TarFlowConfig config, long noiseSeed, KernelChoice kernels, List<String> frozen) {
    this.configJson = config.toJson();
    this.model = config;
    this.noiseSeed = noiseSeed;
    this.kernels = kernels;
    this.frozen = List.copyOf(frozen);
    ParameterNames.select(ParameterShapes.of(config).keySet(), frozen);
  }

  /**
   * A layer for another model with the same updater, regularisation and clipping.
   *
   * @param names names of parameters that do not train
   */
  TarFlowOutputLayer with(TarFlowConfig config, long seed, Collection<String> names) {
    TarFlowOutputLayer copy = new TarFlowOutputLayer(config, seed, kernels, List.copyOf(names));
    copy.setLayerName(getLayerName());
    copy.setUpdater(getUpdater());
    copy.setBiasUpdater(getBiasUpdater());
    copy.setRegularization(getRegularization());
    copy.setRegularizationBias(getRegularizationBias());
    copy.setGradientNormalization(getGradientNormalization());
    copy.setGradientNormalizationThreshold(getGradientNormalizationThreshold());
    copy.rateFactors = rateFactors;
    copy.skipNorm = skipNorm;
    copy.skipAfter = skipAfter;
    copy.setInputs(inputs);
    return copy;
  }

  /** Refuses DL4J's transfer learning, which would not change the layer's updater, or would wrap it in a layer that fails later. */
  @Override
  public void setLayerName(String name) {
    UnsupportedCalls.refuse("org.deeplearning4j.nn.transferlearning.TransferLearning$GraphBuilder", "fineTuneConfiguration",
        "fineTuneConfiguration of DL4J's TransferLearning does not reach a SameDiff layer");
    UnsupportedCalls.refuse("org.deeplearning4j.nn.graph.vertex.impl.LayerVertex", "setLayerAsFrozen",
        "DL4J cannot freeze an output layer as a whole");
    super.setLayerName(name);
  }

  /** Configuration of the model that this layer holds. */
  public TarFlowConfig model() {
    if (model == null) {
      model = TarFlowConfig.fromJson(configJson);
    }
    return model;
  }

  /** Names of the parameters that do not train. */
  public Set<String> frozenParameters() {
    return getLayerParams().getParameterKeys().stream().filter(this::isFrozen).collect(Collectors.toCollection(LinkedHashSet::new));
  }

  /**
   * Sets this layer's optimiser.
   *
   * @throws IllegalArgumentException if a rate factor's name matches no part of the model
   */
  void optimize(OptimizerSpec optimizer, int totalSteps) {
    setUpdater(Adam.builder()
        .learningRate(optimizer.learningRate())
        .learningRateSchedule(new WarmupCosineSchedule(optimizer.learningRate(), optimizer.warmupSteps(), totalSteps,
            optimizer.finalFraction()))
        .beta1(optimizer.beta1())
        .beta2(optimizer.beta2())
        .epsilon(ADAM_EPSILON)
        .build());
    setBiasUpdater(null);
    setRegularization(optimizer.weightDecay() > 0 ? List.of(new WeightDecay(optimizer.weightDecay(), true)) : List.of());
    setRegularizationBias(List.of());
    setGradientNormalization(optimizer.clipNorm() > 0 ? GradientNormalization.ClipL2PerLayer : GradientNormalization.None);
    setGradientNormalizationThreshold(optimizer.clipNorm());
    ParameterNames.select(ParameterShapes.of(model()).keySet(), optimizer.rateFactors().keySet());
    rateFactors = new TreeMap<>(optimizer.rateFactors());
    skipNorm = optimizer.skipNorm();
    skipAfter = optimizer.skipAfter();
  }

  /** Whether updates may be skipped, see {@link OptimizerSpec}. */
  boolean maySkip() {
    return skipNorm > 0;
  }

  /** Whether to skip an update with this gradient norm. */
  boolean skips(double norm, int iteration) {
    return maySkip() && (!Double.isFinite(norm) || norm > skipNorm && iteration >= skipAfter);
  }

  private boolean isFrozen(String parameter) {
    return frozen.stream().anyMatch(name -> ParameterNames.covers(name, parameter))
        || inputs == ModelInputs.LATENTS && parameter.startsWith("codebook."); // it made the latents, which would not follow a change
  }

  @Override
  public void defineParameters(SDLayerParams params) {
    ParameterShapes.of(model()).forEach((name, shape) -> {
      if (ParameterShapes.isWeight(name)) {
        params.addWeightParam(name, shape);
      } else {
        params.addBiasParam(name, shape);
      }
    });
  }

  @Override
  public void initializeParameters(Map<String, INDArray> params) {
    new ParameterInit(model(), noiseSeed).fill(params);
  }

  /** Not used: {@link TarFlowLayer} builds the graph, whose loss has more than one input. */
  @Override
  public SDVariable defineLayer(SameDiff sd, SDVariable input, SDVariable labels, Map<String, SDVariable> parameters) {
    throw new IllegalStateException("TarFlowLayer builds its graph itself");
  }

  @Override
  public String activationsVertexName() {
    return WindowGraph.LOG_LIKELIHOOD;
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType inputType) {
    return InputType.feedForward(1);
  }

  @Override
  public IUpdater getUpdaterByParam(String parameter) {
    if (isFrozen(parameter)) {
      return new NoOp();
    }
    IUpdater updater = ScaledSchedule.scale(super.getUpdaterByParam(parameter), ParameterNames.factor(rateFactors, parameter));
    return updater != null && updater.getClass() == Adam.class && kernels.usesJava() ? new ParallelAdam((Adam) updater) : updater;
  }

  @Override
  public List<Regularization> getRegularizationByParam(String parameter) {
    List<Regularization> all = isFrozen(parameter) ? null : super.getRegularizationByParam(parameter);
    if (all == null || all.isEmpty() || !kernels.usesJava()) {
      return all;
    }
    List<Regularization> result = new ArrayList<>(all);
    result.replaceAll(one -> one.getClass() == WeightDecay.class ? new ParallelAdam.Decay((WeightDecay) one) : one);
    return result;
  }

  @Override
  public org.deeplearning4j.nn.api.Layer instantiate(NeuralNetConfiguration conf, Collection<TrainingListener> listeners, int index,
      INDArray view, boolean initialize, DataType type) {
    TarFlowLayer layer = new TarFlowLayer(conf, type);
    layer.setIndex(index);
    layer.setParamsViewArray(view);
    layer.setParamTable(initializer().init(conf, view, initialize));
    layer.setConf(conf);
    return layer;
  }

  public long getNoiseSeed() {
    return noiseSeed;
  }

  public KernelChoice getKernels() {
    return kernels;
  }

  public ModelInputs getInputs() {
    return inputs;
  }

  /** @throws IllegalArgumentException if the model is discrete and the inputs are not {@link ModelInputs#IDS} */
  public void setInputs(ModelInputs inputs) {
    if (inputs != ModelInputs.IDS && configJson != null && !model().isFlow()) {
      throw new IllegalArgumentException("inputs are " + inputs + "; a discrete model takes IDS");
    }
    this.inputs = inputs;
  }

  /**
   * An updater's learning rate times a factor. A record, because DL4J updates adjacent parameters together if their updaters are equal.
   * It is never written to a file: files hold the updater and the factors separately.
   */
  private record ScaledSchedule(IUpdater updater, double factor) implements ISchedule {
    /** A copy of an updater with its learning rate times a factor; the updater itself if it has no rate or the factor is 1. */
    static IUpdater scale(IUpdater updater, double factor) {
      if (updater == null || factor == 1 || !updater.hasLearningRate()) {
        return updater;
      }
      IUpdater copy = updater.clone();
      copy.setLrAndSchedule(Double.NaN, new ScaledSchedule(updater, factor));
      return copy;
    }

    @Override
    public double valueAt(int iteration, int epoch) {
      return factor * updater.getLearningRate(iteration, epoch);
    }

    @Override
    public ISchedule clone() {
      return new ScaledSchedule(updater.clone(), factor);
    }
  }
}
