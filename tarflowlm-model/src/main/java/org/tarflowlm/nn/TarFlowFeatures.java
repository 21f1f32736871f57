package org.tarflowlm.nn;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.samediff.SDLayerParams;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.WindowGraph;

/**
 * A trained flow model as a frozen layer of a larger graph: ids INT or FLOAT, [batch, time] or [batch, 1, time], to one vector per
 * position in DL4J's recurrent layout, [batch, width, time / patch].
 *
 * <pre>
 * TarFlowFeatures features = TarFlowFeatures.of(Text8TarFlow.builder().build().initPretrained(), 0);
 * graph.addLayer("features", features, "ids")
 *     .addLayer("pooled", new GlobalPoolingLayer(PoolingType.AVG), "features")
 *     .addLayer("book", new OutputLayer.Builder().nIn(features.getWidth()).nOut(3).activation(Activation.SOFTMAX).build(), "pooled")
 * </pre>
 *
 * <p>Tokens enter as the means of their latents, so the same ids give the same output. A features mask, [batch, time], is ones and then
 * zeros; it is passed on, one number per patch. The weights are part of the graph's parameters, so {@code ModelSerializer} saves and
 * restores them; no updater moves them, and no gradient reaches the ids.
 */
public class TarFlowFeatures extends SameDiffLayer {
  private String configJson;
  private String output;
  private int width;
  /** What {@link #configJson} says. */
  private transient TarFlowConfig model;
  private transient Map<String, INDArray> weights;

  /** For DL4J's JSON only. */
  protected TarFlowFeatures() {}

  private TarFlowFeatures(ComputationGraph network, int index, boolean latents) {
    TarFlowConfig config = TarFlowNetwork.layer(network).model();
    int trunk = HiddenStates.trunk(config, index);
    this.configJson = config.toJson();
    this.model = config;
    this.output = latents ? WindowGraph.latent(index) : WindowGraph.features(trunk);
    this.width = latents ? config.channels() : config.width();
    this.weights = new LinkedHashMap<>();
    TarFlowNetwork.parameters(network).forEach((name, array) -> weights.put(name, array.dup()));
  }

  /**
   * Output of a flow's transformer at each position: a function of the tokens that the flow reads before it.
   *
   * @param network of a flow model, whose weights are copied
   * @param flow counted from 0; an in-token flow has the features of the flow whose features it reads
   * @throws IllegalArgumentException if the model is discrete, or has no such flow
   */
  public static TarFlowFeatures of(ComputationGraph network, int flow) {
    return new TarFlowFeatures(network, flow, false);
  }

  /**
   * The input h(flow) of a flow; h(0) is the encoder's z.
   *
   * @param network of a flow model, whose weights are copied
   * @param flow counted from 0
   * @throws IllegalArgumentException if the model is discrete, or has no such flow
   */
  public static TarFlowFeatures latents(ComputationGraph network, int flow) {
    return new TarFlowFeatures(network, flow, true);
  }

  /** The model that this layer holds. */
  public TarFlowConfig model() {
    if (model == null) {
      model = TarFlowConfig.fromJson(configJson);
    }
    return model;
  }

  @Override
  public void defineParameters(SDLayerParams params) {
    ParameterShapes.of(model()).forEach(params::addWeightParam);
  }

  /** @throws IllegalStateException if this layer was read from JSON, which holds no weights */
  @Override
  public void initializeParameters(Map<String, INDArray> params) {
    if (weights == null) {
      throw new IllegalStateException("a TarFlowFeatures layer from JSON has no weights; expected a network that ModelSerializer restores,"
          + " or TarFlowFeatures.of(network, flow)");
    }
    params.forEach((name, array) -> array.assign(weights.get(name)));
  }

  /** Not used: the running layer builds its graph for each length of texts. */
  @Override
  public SDVariable defineLayer(SameDiff sd, SDVariable input, Map<String, SDVariable> parameters, SDVariable mask) {
    throw new IllegalStateException("TarFlowFeatures builds its graph itself");
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType inputType) {
    return InputType.recurrent(width);
  }

  @Override
  public InputPreProcessor getPreProcessorForInputType(InputType inputType) {
    return null;
  }

  @Override
  public IUpdater getUpdaterByParam(String parameter) {
    return new NoOp();
  }

  @Override
  public List<Regularization> getRegularizationByParam(String parameter) {
    return List.of();
  }

  /** None: the gradient is 0, and to scale 0 to a norm makes NaN. */
  @Override
  public GradientNormalization getGradientNormalization() {
    return GradientNormalization.None;
  }

  @Override
  public org.deeplearning4j.nn.api.Layer instantiate(NeuralNetConfiguration conf, Collection<TrainingListener> listeners, int index,
      INDArray view, boolean initialize, DataType type) {
    FeaturesLayer layer = new FeaturesLayer(conf, type);
    layer.setIndex(index);
    layer.setParamsViewArray(view);
    layer.setParamTable(initializer().init(conf, view, initialize));
    layer.setConf(conf);
    return layer;
  }

  public String getConfigJson() {
    return configJson;
  }

  public void setConfigJson(String configJson) {
    this.configJson = configJson;
    this.model = null;
  }

  /** Name of the variable of {@link WindowGraph}. */
  public String getOutput() {
    return output;
  }

  public void setOutput(String output) {
    this.output = output;
  }

  /** Numbers a position. */
  public int getWidth() {
    return width;
  }

  public void setWidth(int width) {
    this.width = width;
  }
}
