package org.tarflowlm.nn;

import java.util.LinkedHashSet;
import java.util.List;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.samediff.SameDiffLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.graph.WindowGraph;

/** The running form of {@link TarFlowFeatures}: forward only. */
final class FeaturesLayer extends SameDiffLayer {
  private static final long serialVersionUID = 1L;

  private final transient TarFlowConfig config;
  private final transient WindowSessions sessions;
  private transient INDArray featuresMask;

  FeaturesLayer(NeuralNetConfiguration conf, DataType type) {
    super(conf, type);
    this.config = layer().model();
    this.sessions = new WindowSessions((graph, window) -> WindowGraph.build(graph, config, window, dataType, KernelChoice.AUTO, paramTable,
        new LinkedHashSet<>(paramTable.keySet())));
  }

  private TarFlowFeatures layer() {
    return (TarFlowFeatures) layerConf();
  }

  /** Vectors of the positions, [batch, width, time / patch]; past the end of a masked text they are undefined. */
  @Override
  public INDArray activate(boolean training, LayerWorkspaceMgr workspaces) {
    assertInputSet(false);
    String output = layer().getOutput();
    try (ModelBatch batch = ModelBatch.of(config, ModelInputs.IDS, dataType, input, null, featuresMask)) {
      sessions.graph(batch.window(sessions.window()));
      INDArray all = sessions.outputs(List.of(output), batch.placeholders(sessions.window(),
          ids -> Nd4j.zeros(dataType, batch.size(), ids.length / batch.size(), config.latentDim()))).get(output);
      long positions = input.size(input.rank() - 1) / config.patchSize();
      INDArray result = all.get(NDArrayIndex.all(), NDArrayIndex.interval(0, positions), NDArrayIndex.all()).permute(0, 2, 1);
      return workspaces.dup(ArrayType.ACTIVATIONS, result, 'c');
    }
  }

  /** Zeros, which DL4J subtracts from the parameters, and nothing for the ids. */
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
