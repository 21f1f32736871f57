package org.tarflowlm.nn;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.samediff.SDLayerParams;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLayer;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.graph.WindowGraph;

/**
 * A trained flow model as a frozen layer of a larger graph. It maps ids INT or FLOAT, [batch, time] or [batch, 1, time], to one vector per
 * position, in DL4J's recurrent layout: [batch, width, time / patch].
 *
 * <pre>
 * TarFlowFeatures features = TarFlowFeatures.of(Text8TarFlow.builder().build().initPretrained(), 0);
 * graph.addLayer("features", features, "ids")
 *     .addLayer("pooled", new GlobalPoolingLayer(PoolingType.AVG), "features")
 *     .addLayer("book", new OutputLayer.Builder().nIn(features.getWidth()).nOut(3).activation(Activation.SOFTMAX).build(), "pooled")
 * </pre>
 *
 * <p>Tokens enter as the means of their latents, so the same ids give the same output. A features mask, [batch, time], must be ones
 * followed by zeros; the layer passes it on with one number per patch. The weights are part of the graph's parameters, so
 * {@code ModelSerializer} saves and restores them; no updater changes them, and no gradient reaches the ids.
 */
public class TarFlowFeatures extends SameDiffLayer {
  @JsonProperty private String configJson;
  @JsonProperty private String output;
  @JsonProperty private int width;
  /** Parsed from {@link #configJson} on first use. */
  private transient TarFlowConfig model;
  private transient Map<String, INDArray> weights;

  /** For DL4J's JSON only. */
  protected TarFlowFeatures() {}

  private TarFlowFeatures(ComputationGraph network, int index, boolean latents) {
    TarFlowConfig config = TarFlowNetwork.layer(network).model();
    int trunk = trunk(config, index);
    this.configJson = config.toJson();
    this.model = config;
    this.output = latents ? WindowGraph.latent(index) : WindowGraph.features(trunk);
    this.width = latents ? config.channels() : config.width();
    this.weights = new LinkedHashMap<>();
    TarFlowNetwork.parameters(network).forEach((name, array) -> weights.put(name, array.dup()));
  }

  /**
   * A layer that outputs a flow's transformer features; at each position they depend on the tokens that the flow reads before it.
   *
   * @param network network of a flow model; its weights are copied
   * @param flow counted from 0; an in-token flow has the features of the flow whose transformer it shares
   * @throws IllegalArgumentException if the model is discrete, or has no such flow
   */
  public static TarFlowFeatures of(ComputationGraph network, int flow) {
    return new TarFlowFeatures(network, flow, false);
  }

  /**
   * A layer that outputs the input h(flow) of a flow; h(0) is the encoder's z.
   *
   * @param network network of a flow model; its weights are copied
   * @param flow counted from 0
   * @throws IllegalArgumentException if the model is discrete, or has no such flow
   */
  public static TarFlowFeatures latents(ComputationGraph network, int flow) {
    return new TarFlowFeatures(network, flow, true);
  }

  /**
   * The hidden state of a flow's transformer at each position, from which the coupling's parameters are computed. It depends on the patches
   * that the flow reads before the position. Tokens enter as the means of their latents, so the same ids give the same output.
   *
   * @param ids INT [batch, time], whole patches, at most a window
   * @param flow counted from 0; an in-token flow has the states of the flow whose transformer it shares
   * @return [batch, time / patch, width]
   * @throws IllegalArgumentException if the model is discrete, or has no such flow
   */
  public static INDArray states(TarFlowLayer layer, INDArray ids, int flow) {
    TarFlowConfig config = layer.model();
    String name = WindowGraph.features(trunk(config, flow));
    try (INDArray noise = Nd4j.zeros(DataType.FLOAT, ids.size(0), ids.size(1), config.latentDim())) {
      return PaddedWindows.output(layer, name, ids, noise);
    }
  }

  /** The flow whose transformer a flow uses. */
  static int trunk(TarFlowConfig config, int flow) {
    if (!config.isFlow()) {
      throw new IllegalArgumentException("the model is " + config.model() + "; expected " + ModelType.TARFLOW);
    }
    if (flow < 0 || flow >= config.flows().size()) {
      throw new IllegalArgumentException("flow " + flow + "; expected 0 to " + (config.flows().size() - 1));
    }
    return config.trunkOf(flow);
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

  /** Not used: the running layer builds a graph for each text length. */
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

  /** None, because the gradient is 0, and scaling 0 to a norm gives NaN. */
  @Override
  public GradientNormalization getGradientNormalization() {
    return GradientNormalization.None;
  }

  @Override
  public org.deeplearning4j.nn.api.Layer instantiate(NeuralNetConfiguration conf, Collection<TrainingListener> listeners, int index,
      INDArray view, boolean initialize, DataType type) {
    Running layer = new Running(conf, type);
    layer.setIndex(index);
    layer.setParamsViewArray(view);
    layer.setParamTable(initializer().init(conf, view, initialize));
    layer.setConf(conf);
    return layer;
  }

  /** Name of the variable in the model's graph that this layer outputs. */
  public String getOutput() {
    return output;
  }

  /** Numbers per position. */
  public int getWidth() {
    return width;
  }

  /** The running form of {@link TarFlowFeatures}: forward only. */
  private static final class Running extends org.deeplearning4j.nn.layers.samediff.SameDiffLayer {
    private static final long serialVersionUID = 1L;

    private final transient TarFlowConfig config;
    private final transient WindowSessions sessions;
    private transient INDArray featuresMask;

    Running(NeuralNetConfiguration conf, DataType type) {
      super(conf, type);
      this.config = layer().model();
      this.sessions = new WindowSessions((graph, window) ->
          WindowGraph.build(graph, config, window, dataType, KernelChoice.AUTO, paramTable, new LinkedHashSet<>(paramTable.keySet())));
    }

    private TarFlowFeatures layer() {
      return (TarFlowFeatures) layerConf();
    }

    /** One vector per position, [batch, width, time / patch]; undefined after the end of a masked text. */
    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaces) {
      assertInputSet(false);
      String output = layer().output;
      try (ModelBatch batch = ModelBatch.of(config, ModelInputs.IDS, dataType, input, null, featuresMask)) {
        sessions.graph(batch.window(sessions.window()));
        INDArray all = sessions.outputs(List.of(output), batch.placeholders(sessions.window(),
            ids -> Nd4j.zeros(dataType, batch.size(), ids.length / batch.size(), config.latentDim()))).get(output);
        long positions = input.size(input.rank() - 1) / config.patchSize();
        INDArray result = all.get(NDArrayIndex.all(), NDArrayIndex.interval(0, positions), NDArrayIndex.all()).permute(0, 2, 1);
        return workspaces.dup(ArrayType.ACTIVATIONS, result, 'c');
      }
    }

    /** Sets zero gradients, which DL4J subtracts from the parameters, and returns none for the ids. */
    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
      gradients.assign(0.0);
      Gradient gradient = new DefaultGradient();
      gradTable.forEach((name, view) -> gradient.gradientForVariable().put(name, view));
      return new Pair<>(gradient, null);
    }

    @Override
    public Pair<INDArray, MaskState> feedForwardMaskArray(INDArray mask, MaskState state, int minibatchSize) {
      featuresMask = mask;
      int patch = config.patchSize();
      return new Pair<>(mask == null || patch == 1 ? mask
          : mask.get(NDArrayIndex.all(), NDArrayIndex.interval(patch - 1, patch, mask.size(1))).dup('c'), state);
    }

    @Override
    public void setMaskArray(INDArray mask) {
      featuresMask = mask;
      super.setMaskArray(mask);
    }

    @Override
    public void clear() {
      super.clear();
      featuresMask = null;
    }

    @Override
    public void close() {
      sessions.close();
    }
  }
}
