package org.tarflowlm.nn;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.samediff.SameDiffOutputLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.latent.GaussianNoise;
import org.tarflowlm.graph.Window;
import org.tarflowlm.graph.WindowGraph;
import org.tarflowlm.kernel.GradientClip;
import org.tarflowlm.ops.Tensors;

/**
 * The model's graph as a DL4J output layer.
 *
 * <p>DL4J's own implementation needs a gradient with respect to the input, which integer ids do not have, and runs a second forward pass
 * for the score. This layer gets loss and gradients from one run and keeps the loss for {@link #computeScore}. It also feeds a second
 * placeholder, the encoder's noise. Not thread-safe, like DL4J's networks; {@code ParallelWrapper} clones the network for each worker.
 */
public final class TarFlowLayer extends SameDiffOutputLayer {
  private static final long serialVersionUID = 1L;
  private static final long OF_ITERATION = -1;

  private final transient TarFlowConfig config;
  private final transient WindowSessions sessions;
  private transient INDArray featuresMask;
  private double lossOfLastStep = Double.NaN;
  private transient long draw = OF_ITERATION;
  private transient TarFlowOutputLayer unclipped;

  TarFlowLayer(NeuralNetConfiguration conf, DataType type) {
    super(conf, type);
    this.config = layer().model();
    this.sessions = new WindowSessions((graph, window) ->
        WindowGraph.build(graph, config, window, dataType, layer().getKernels(), paramTable, layer().frozenParameters()));
  }

  /** Configuration of the model that this layer holds. */
  public TarFlowConfig model() {
    return config;
  }

  private TarFlowOutputLayer layer() {
    return (TarFlowOutputLayer) layerConf();
  }

  /** Refuses DL4J's setLearningRate, which calls this first and would then do nothing. */
  @Override
  public NeuralNetConfiguration conf() {
    UnsupportedCalls.refuse("org.deeplearning4j.util.NetworkUtils", "setLearningRate",
        "setLearningRate does nothing to a SameDiff layer, and nothing was changed");
    return super.conf();
  }

  @Override
  public void setInput(INDArray input, LayerWorkspaceMgr workspaces) {
    lossOfLastStep = Double.NaN;
    super.setInput(input, workspaces);
  }

  @Override
  public void setLabels(INDArray labels) {
    lossOfLastStep = Double.NaN;
    super.setLabels(labels);
  }

  @Override
  public void clear() {
    lossOfLastStep = Double.NaN;
    super.clear();
    this.labels = null;
    this.featuresMask = null;
  }

  /** Receives DL4J's mask of the features; {@link #setMaskArray} receives the mask of the labels. */
  @Override
  public Pair<INDArray, MaskState> feedForwardMaskArray(INDArray mask, MaskState state, int minibatchSize) {
    featuresMask = mask;
    return new Pair<>(mask, state);
  }

  @Override
  public void setMaskArray(INDArray mask) {
    if (mask == null) {
      featuresMask = null;
    }
    super.setMaskArray(mask);
  }

  @Override
  public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
    assertInputSet(true);
    try (ModelBatch batch = batch(labels)) {
      sameDiff = sessions.differentiable(DeviceMemory.fitting(config, batch, sessions.window()));
      Set<String> frozen = layer().frozenParameters();
      List<String> wanted = new ArrayList<>(batch.outputs(WindowGraph.LOSS));
      Map<String, INDArray> views = new HashMap<>();
      for (String name : paramTable.keySet()) {
        if (!frozen.contains(name)) {
          String gradient = sameDiff.getVariable(name).gradient().name();
          wanted.add(gradient);
          views.put(gradient, gradTable.get(name));
        }
      }
      long step = draw == OF_ITERATION ? getIterationCount() : draw;
      Map<String, INDArray> placeholders = batch.placeholders(sessions.window(), ids -> noise(GaussianNoise.stream(step, ids)));
      lossOfLastStep = batch.loss(sessions.gradients(wanted, placeholders, views));
      Gradient gradient = new DefaultGradient();
      frozen.forEach(name -> gradTable.get(name).assign(0.0)); // NoOp does not change a gradient, and DL4J would subtract it
      paramTable.keySet().forEach(name -> gradient.gradientForVariable().put(name, gradTable.get(name)));
      float scale = draw != OF_ITERATION || !clipsGradient() ? 1 : clipScale(gradientNorm(input.size(0)));
      if (scale != 1) {
        gradients.muli(scale);
      }
      sessions.endStep();
      return new Pair<>(gradient, null);
    }
  }

  /**
   * Computes gradients for an update that clips them itself, by {@link #clipScale}.
   * @param number draw of the encoder's noise, which is otherwise the iteration's number
   */
  void withoutScaling(long number, Runnable gradients) {
    draw = number;
    try {
      gradients.run();
    } finally {
      draw = OF_ITERATION;
    }
  }

  /** Whether this layer does {@code ClipL2PerLayer}, on all cores, instead of DL4J's updater. */
  boolean clipsGradient() {
    return layer().getGradientNormalization() == GradientNormalization.ClipL2PerLayer && layer().getKernels().usesJava()
        && dataType == DataType.FLOAT;
  }

  /** Euclidean norm of the current gradient, divided by the number of rows that it sums over. */
  double gradientNorm(long rows) {
    double sum = layer().getKernels().usesJava() && dataType == DataType.FLOAT
        ? GradientClip.sumOfSquares(Tensors.floats(gradients), gradients.length()) : Math.pow(gradients.norm2Number().doubleValue(), 2);
    return Math.sqrt(sum) / (conf.isMiniBatch() ? rows : 1);
  }

  /** The factor that DL4J's updater would use: it divides by the batch size first, then clips. */
  float clipScale(double norm) {
    double limit = layer().getGradientNormalizationThreshold();
    return norm > limit ? (float) (limit / norm) : 1;
  }

  /** The configuration for DL4J's updater, without clipping if this layer clips. */
  @Override
  public TarFlowOutputLayer getConfig() {
    if (clipsGradient() && unclipped == null) {
      unclipped = (TarFlowOutputLayer) layer().clone();
      unclipped.setGradientNormalization(GradientNormalization.None);
    }
    return clipsGradient() ? unclipped : layer();
  }

  @Override
  public double computeScore(double regularization, boolean training, LayerWorkspaceMgr workspaces) {
    double loss = lossOfLastStep;
    lossOfLastStep = Double.NaN;
    if (Double.isNaN(loss)) {
      assertInputSet(false);
      try (ModelBatch batch = batch(labels)) {
        loss = batch.loss(evaluate(batch, batch.outputs(WindowGraph.LOSS)));
      }
    }
    return loss / input.size(0) + regularization;
  }

  /** Loss of each example in nats per token of that example, [batch, 1]. */
  @Override
  public INDArray computeScoreForExamples(double regularization, LayerWorkspaceMgr workspaces) {
    assertInputSet(false);
    try (ModelBatch batch = batch(labels)) {
      INDArray result = batch.logLikelihood(evaluate(batch, batch.outputs(WindowGraph.LOG_LIKELIHOOD)));
      for (int b = 0; b < batch.size(); b++) {
        result.putScalar(b, regularization - result.getDouble(b) / batch.tokens(b));
      }
      return result.reshape(-1, 1);
    }
  }

  /**
   * The ELBO (or exact log-likelihood) of each example in nats, [batch, 1], with the given noise, otherwise that of draw 0. For a network
   * that reads latents: log p(z).
   */
  @Override
  public INDArray activate(boolean training, LayerWorkspaceMgr workspaces) {
    assertInputSet(false);
    try (ModelBatch batch = batch(null)) {
      INDArray result = batch.logLikelihood(evaluate(batch, batch.outputs(WindowGraph.LOG_LIKELIHOOD))).reshape(-1, 1);
      return workspaces.leverageTo(ArrayType.ACTIVATIONS, result);
    }
  }

  /**
   * The log-likelihood, or its bound, of each sequence.
   *
   * @param ids INT [batch, time]
   * @param noise [batch, time, latentDim]; ignored by an autoregressive model
   * @return ELBO, or the exact log-likelihood of an autoregressive model, in nats per sequence, [batch]
   */
  public INDArray logLikelihood(INDArray ids, INDArray noise) {
    return evaluate(List.of(WindowGraph.LOG_LIKELIHOOD), ids, noise, null).get(WindowGraph.LOG_LIKELIHOOD);
  }

  /**
   * The input of a flow.
   *
   * @param flow index from 0; 0 gives the encoder's latents z
   * @return h^(flow), [batch, time / patch, patch * latentDim]
   */
  public INDArray latents(int flow, INDArray ids, INDArray noise) {
    return evaluate(List.of(WindowGraph.latent(flow)), ids, noise, null).get(WindowGraph.latent(flow));
  }

  /**
   * Hidden states of an autoregressive model for ids, INT [batch, time].
   *
   * @return what the head reads at each position, which depends on the tokens before it, [batch, time, width]
   * @throws IllegalStateException if the model is a flow model
   */
  public INDArray features(INDArray ids) {
    if (config.isFlow()) {
      throw new IllegalStateException("the model is " + config.model() + "; expected " + ModelType.AUTOREGRESSIVE);
    }
    INDArray result = evaluate(List.of(WindowGraph.FEATURES), ids, null, null).get(WindowGraph.FEATURES);
    return result.reshape(ids.size(0), ids.size(1), config.width());
  }

  /** Sets SameDiff listeners that are called for every op of the graph, for profiling. */
  public void setGraphListeners(Listener... listeners) {
    sessions.setListeners(List.of(listeners));
  }

  /** A new graph for windows that text fills completely; the caller owns it. */
  SameDiff graph(int tokens) {
    SameDiff sd = InverseSession.emptyGraph();
    WindowGraph.build(sd, config, Window.of(tokens), dataType, layer().getKernels(), paramTable, layer().frozenParameters());
    return sd;
  }

  /** Bytes of native memory allocated for activations and gradients so far. */
  public long workingMemoryBytes() {
    return sessions.workingMemoryBytes();
  }

  /** Peak bytes of activations and gradients in use during a step: the lower limit of {@link #workingMemoryBytes}. */
  public long peakLiveBytes() {
    return sessions.peakLiveBytes();
  }

  /** @param lengths tokens of texts, behind which ids and noise are zero; null if all fill the window */
  Map<String, INDArray> evaluate(List<String> outputs, INDArray ids, INDArray noise, int[] lengths) {
    try (ModelBatch batch = ModelBatch.of(config, dataType, ids, noise, lengths)) {
      return evaluate(batch, outputs);
    }
  }

  private Map<String, INDArray> evaluate(ModelBatch batch, List<String> outputs) {
    sameDiff = sessions.graph(batch.window(sessions.window()));
    return sessions.outputs(outputs, batch.placeholders(sessions.window(), ids -> noise(0)));
  }

  private ModelBatch batch(INDArray withLabels) {
    INDArray mask = BatchArrays.oneMask("features mask", featuresMask, "labels mask", maskArray);
    return ModelBatch.of(config, layer().getInputs(), dataType, input, withLabels, mask);
  }

  private INDArray noise(long stream) {
    return EncoderNoise.ofStep(layer().getNoiseSeed(), stream, dataType, input.size(0), input.size(input.rank() - 1), config.latentDim());
  }

  /** Frees the native memory of the sessions; they are recreated when needed. */
  public void close() {
    sessions.close();
  }
}
