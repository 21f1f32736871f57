package org.tarflowlm.nn;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.samediff.SameDiffOutputLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.array.SingleThreadArrayHolder;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.WindowGraph;
import org.tarflowlm.kernel.GradientClip;
import org.tarflowlm.ops.Tensors;

/**
 * The model's graph as a DL4J output layer.
 *
 * <p>DL4J's own implementation cannot serve here: it wants a gradient with respect to the input, which integer ids do not have, and it
 * runs a second forward pass for the score. This one takes loss and gradients from one run and remembers the loss for
 * {@link #computeScore}, and it feeds a second placeholder, the encoder's noise.
 *
 * <p>Not thread-safe, as DL4J's networks are not; {@code ParallelWrapper} clones the network for each worker.
 */
public final class TarFlowLayer extends SameDiffOutputLayer {
  private static final long serialVersionUID = 1L;
  private static final long OF_ITERATION = -1;

  private final transient TarFlowConfig config;
  private transient int graphTokens = -1;
  private transient GraphSession forward;
  private transient GraphSession backward;
  private transient List<Listener> graphListeners = List.of();
  private double lossOfLastStep = Double.NaN;
  private transient boolean leavesScaling;
  private transient long draw = OF_ITERATION;

  TarFlowLayer(NeuralNetConfiguration conf, DataType type) {
    super(conf, type);
    this.config = layer().model();
  }

  /** The model this layer holds. */
  public TarFlowConfig model() {
    return config;
  }

  private TarFlowOutputLayer layer() {
    return (TarFlowOutputLayer) layerConf();
  }

  /** DL4J's setLearningRate asks for this first, and would then do nothing. */
  @Override
  public NeuralNetConfiguration conf() {
    DeadEnds.refuse("org.deeplearning4j.util.NetworkUtils", "setLearningRate",
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
  }

  @Override
  public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
    assertInputSet(true);
    prepare(input);
    if (backward == null) {
      try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
        QuietOutput.run(sameDiff::createGradFunction);
        backward = new GraphSession(sameDiff.getFunction("grad"));
      }
    }
    Set<String> frozen = layer().frozenParameters();
    Map<String, String> gradientNames = new HashMap<>();
    List<String> wanted = new ArrayList<>();
    wanted.add(WindowGraph.LOSS);
    for (String name : paramTable.keySet()) {
      if (!frozen.contains(name)) {
        String gradient = sameDiff.getVariable(name).gradient().name();
        gradientNames.put(name, gradient);
        wanted.add(gradient);
      }
    }
    Map<String, INDArray> views = new HashMap<>();
    gradientNames.forEach((name, gradient) -> views.put(gradient, gradTable.get(name)));
    Map<String, INDArray> placeholders = placeholders(draw == OF_ITERATION ? getIterationCount() : draw);
    Map<String, INDArray> results = backward.run(wanted, placeholders, Operation.TRAINING, graphListeners, views);
    lossOfLastStep = results.get(WindowGraph.LOSS).getDouble(0);
    Gradient gradient = new DefaultGradient();
    frozen.forEach(name -> gradTable.get(name).assign(0.0)); // NoOp leaves a gradient as it is and DL4J would subtract it
    paramTable.keySet().forEach(name -> gradient.gradientForVariable().put(name, gradTable.get(name)));
    float scale = leavesScaling || !clipsGradient() ? 1 : clipScale(gradientNorm(input.size(0)));
    if (scale != 1) {
      gradients.muli(scale);
    }
    sameDiff.clearPlaceholders(true);
    sameDiff.clearOpInputs();
    backward.endStep();
    placeholders.values().forEach(this::closeIfOwn);
    return new Pair<>(gradient, null);
  }

  /** If true, gradients stay as the graph gives them and the update is to clip them, by {@link #clipScale}. */
  void leaveScalingToUpdate(boolean leave) {
    leavesScaling = leave;
  }

  /** Which draw of the encoder's noise the next steps take; without a call that of the iteration. */
  void useDraw(long number) {
    draw = number;
  }

  /** The iteration's own draw again. */
  void useDrawOfIteration() {
    draw = OF_ITERATION;
  }

  /** Whether {@code ClipL2PerLayer} is done here, on all cores, instead of by DL4J's updater. */
  boolean clipsGradient() {
    return layer().getGradientNormalization() == GradientNormalization.ClipL2PerLayer && layer().getKernels().usesJava()
        && dataType == DataType.FLOAT;
  }

  /** Euclidean norm of the gradient as it stands, divided by the number of rows that it is a sum over. */
  double gradientNorm(long rows) {
    double sum = layer().getKernels().usesJava() && dataType == DataType.FLOAT
        ? GradientClip.sumOfSquares(Tensors.floats(gradients), gradients.length()) : Math.pow(gradients.norm2Number().doubleValue(), 2);
    return Math.sqrt(sum) / (conf.isMiniBatch() ? rows : 1);
  }

  /** What DL4J's updater would multiply with: it divides by the batch size first and clips then. */
  float clipScale(double norm) {
    double limit = layer().getGradientNormalizationThreshold();
    return norm > limit ? (float) (limit / norm) : 1;
  }

  @Override
  public TrainingConfig getConfig() {
    return clipsGradient() ? new ClippedByLayer(layer()) : layer();
  }

  @Override
  public double computeScore(double regularization, boolean training, LayerWorkspaceMgr workspaces) {
    double loss = lossOfLastStep;
    lossOfLastStep = Double.NaN;
    if (Double.isNaN(loss)) {
      assertInputSet(false);
      loss = evaluate(WindowGraph.LOSS, input, placeholders(0)).getDouble(0);
    }
    return loss / input.size(0) + regularization;
  }

  /** Loss of each example in nats per token, [batch, 1]. */
  @Override
  public INDArray computeScoreForExamples(double regularization, LayerWorkspaceMgr workspaces) {
    assertInputSet(false);
    INDArray logLikelihood = evaluate(WindowGraph.LOG_LIKELIHOOD, input, placeholders(0));
    return logLikelihood.mul(-1.0 / input.size(1)).addi(regularization).reshape(-1, 1);
  }

  /** The ELBO (or exact log-likelihood) of each example in nats, [batch, 1], with the noise of draw 0. */
  @Override
  public INDArray activate(boolean training, LayerWorkspaceMgr workspaces) {
    assertInputSet(false);
    INDArray result = evaluate(WindowGraph.LOG_LIKELIHOOD, input, placeholders(0)).reshape(-1, 1);
    return workspaces.leverageTo(ArrayType.ACTIVATIONS, result);
  }

  /**
   * Log-likelihood bound of each sequence.
   *
   * @param ids INT [batch, time]
   * @param noise [batch, time, latentDim]; ignored by an autoregressive model
   * @return ELBO, or the exact log-likelihood of an autoregressive model, in nats per sequence, [batch]
   */
  public INDArray logLikelihood(INDArray ids, INDArray noise) {
    return evaluate(WindowGraph.LOG_LIKELIHOOD, ids, named(ids, noise));
  }

  /**
   * The input of a flow.
   *
   * @param flow index from 0; 0 gives the encoder's latents z
   * @return h^(flow), [batch, time / patch, patch * latentDim]
   */
  public INDArray latents(int flow, INDArray ids, INDArray noise) {
    return evaluate(WindowGraph.latent(flow), ids, named(ids, noise));
  }

  /** SameDiff listeners that are told of every op of the graph, for profiling. */
  public void setGraphListeners(Listener... listeners) {
    graphListeners = List.of(listeners);
  }

  /** Bytes of native memory that the activations and gradients of the steps so far have taken. */
  public long workingMemoryBytes() {
    return (forward == null ? 0 : forward.bytes()) + (backward == null ? 0 : backward.bytes());
  }

  /** Bytes of activations and gradients in use at the fullest moment of a step: the least that {@link #workingMemoryBytes} can be. */
  public long peakLiveBytes() {
    return (forward == null ? 0 : forward.peakLiveBytes()) + (backward == null ? 0 : backward.peakLiveBytes());
  }

  private INDArray evaluate(String output, INDArray ids, Map<String, INDArray> placeholders) {
    prepare(ids);
    if (forward == null) {
      forward = new GraphSession(sameDiff);
    }
    INDArray result = forward.run(List.of(output), placeholders, Operation.INFERENCE, graphListeners).get(output);
    try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
      return result.dup();
    } finally {
      forward.endStep();
    }
  }

  private Map<String, INDArray> placeholders(long draw) {
    if (config.model() == ModelType.AUTOREGRESSIVE) {
      return named(input, null);
    }
    if (labels != null && labels.rank() == 3) {
      return named(input, labels);
    }
    return named(input, EncoderNoise.draw(layer().getNoiseSeed(), draw, dataType, input.size(0), input.size(1), config.latentDim()));
  }

  /** Memory of an array that waits for the collector adds up: a step brings too little garbage to make it run. */
  private void closeIfOwn(INDArray array) {
    if (array != input && array != labels && array.closeable()) {
      array.close();
    }
  }

  private Map<String, INDArray> named(INDArray ids, INDArray noise) {
    Map<String, INDArray> result = new HashMap<>();
    result.put(WindowGraph.IDS, ids.castTo(DataType.INT32));
    if (config.model() == ModelType.TARFLOW) {
      result.put(WindowGraph.NOISE, noise.castTo(dataType));
    }
    return result;
  }

  /** Builds the graph for the length of these windows, if the one at hand is for another length. */
  private void prepare(INDArray ids) {
    if (ids.rank() != 2) {
      throw new IllegalArgumentException("expected ids of shape [batch, time], found " + ids.shapeInfoToString());
    }
    int tokens = Math.toIntExact(ids.size(1));
    if (tokens == graphTokens) {
      return;
    }
    close();
    try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
      sameDiff = SameDiff.create();
      // DL4J's parameters are views into one flat array; only this holder keeps views as they are
      sameDiff.setArrayHolders(new SingleThreadArrayHolder(), new SingleThreadArrayHolder(), false);
      WindowGraph.build(sameDiff, config, tokens, dataType, layer().getKernels(), paramTable, layer().frozenParameters());
      outputVar = sameDiff.getVariable(WindowGraph.LOSS);
      outputKey = WindowGraph.LOSS;
    }
    graphTokens = tokens;
  }

  /** Frees the native memory of the sessions; they come back when needed. */
  public void close() {
    if (forward != null) {
      forward.close();
      forward = null;
    }
    if (backward != null) {
      backward.close();
      backward = null;
    }
    graphTokens = -1;
  }
}
