package org.tarflowlm.nn;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.NoOpUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.tarflowlm.kernel.AdamUpdate;
import org.tarflowlm.ops.Tensors;

/**
 * Does the work of DL4J's updater and step function, including scaling of the gradient, with {@link AdamUpdate#step}. As with DL4J, the
 * gradient array then holds the update that was subtracted from the parameters, for listeners that report updates.
 */
record OnePassUpdate(ComputationGraph graph) {
  /** Null if anything but Adam, weight decay and clipping by the layer's norm is configured; then DL4J must update. */
  static OnePassUpdate of(ComputationGraph graph) {
    TarFlowLayer layer = TarFlowNetwork.layer(graph);
    boolean scales = layer.clipsGradient()
        || layer.layerConf().getGradientNormalization() == null
        || layer.layerConf().getGradientNormalization() == GradientNormalization.None;
    if (!scales || graph.params().dataType() != DataType.FLOAT || graph.getNumLayers() != 1 || layer.layerConf().getConstraints() != null) {
      return null;
    }
    for (UpdaterBlock block : graph.getUpdater().getUpdaterBlocks()) {
      if (!isPlain(block)) {
        return null;
      }
    }
    return new OnePassUpdate(graph);
  }

  private static boolean isPlain(UpdaterBlock block) {
    if (block.getGradientUpdater() instanceof NoOpUpdater) {
      return true;
    }
    return block.getGradientUpdater() instanceof ParallelAdam.Updater
        && block.getLayersAndVariablesInBlock().stream().allMatch(state -> {
          List<Regularization> all = regularization(state);
          return all.isEmpty() || all.size() == 1 && all.get(0) instanceof ParallelAdam.Decay;
        });
  }

  private static List<Regularization> regularization(UpdaterBlock.ParamState state) {
    List<Regularization> all = state.getLayer().getConfig().getRegularizationByParam(state.getParamName());
    return all == null ? List.of() : all;
  }

  /**
   * Updates the parameters.
   *
   * @param factor multiplies the gradient, for clipping
   * @param rows number of rows that the gradient sums over
   */
  void apply(float factor, long rows, int iteration, int epoch) {
    float divisor = graph.conf().isMiniBatch() ? rows : 1;
    FloatPointer parameters = Tensors.floats(graph.params());
    FloatPointer gradients = Tensors.floats(graph.getFlattenedGradients());
    for (UpdaterBlock block : graph.getUpdater().getUpdaterBlocks()) {
      if (block.getGradientUpdater() instanceof ParallelAdam.Updater updater) {
        long start = block.getParamOffsetStart();
        FloatPointer m = Tensors.floats(updater.getM());
        FloatPointer v = Tensors.floats(updater.getV());
        double rate = updater.getConfig().getLearningRate(iteration, epoch);
        AdamUpdate.step(Tensors.at(parameters, start), Tensors.at(gradients, start), m, v, factor, divisor,
            updater.coefficients(iteration, epoch), decays(block, rate, iteration, epoch));
      }
    }
  }

  /** The block's decay factors; adjacent parameters with the same factor form one range. */
  private static AdamUpdate.Decays decays(UpdaterBlock block, double rate, int iteration, int epoch) {
    List<Long> ends = new ArrayList<>();
    List<Float> factors = new ArrayList<>();
    for (UpdaterBlock.ParamState state : block.getLayersAndVariablesInBlock()) {
      List<Regularization> all = regularization(state);
      float factor = all.isEmpty() ? 0 : ((ParallelAdam.Decay) all.get(0)).factor(rate, iteration, epoch);
      if (!factors.isEmpty() && factors.get(factors.size() - 1) == factor) {
        ends.remove(ends.size() - 1);
      } else {
        factors.add(factor);
      }
      ends.add((long) state.getParamOffsetEnd() - block.getParamOffsetStart());
    }
    float[] values = new float[factors.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = factors.get(i);
    }
    return new AdamUpdate.Decays(ends.stream().mapToLong(Long::longValue).toArray(), values);
  }
}
