package org.tarflowlm.nn;

import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.AdamUpdater;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.tarflowlm.kernel.AdamUpdate;
import org.tarflowlm.ops.Tensors;

/**
 * DL4J's Adam with the step done by {@link AdamUpdate}. {@link TarFlowOutputLayer} replaces a plain {@link Adam} by it, so that
 * configurations, files and updater states stay DL4J's own.
 */
final class ParallelAdam extends Adam {
  private final transient Adam original;

  ParallelAdam(Adam original) {
    super(original.getLearningRate(), original.getBeta1(), original.getBeta2(), original.getEpsilon());
    setLearningRateSchedule(original.getLearningRateSchedule());
    this.original = original;
  }

  @Override
  public GradientUpdater<Adam> instantiate(INDArray view, boolean initialize) {
    return new Updater(original, (AdamUpdater) super.instantiate(view, initialize));
  }

  @Override
  public GradientUpdater<Adam> instantiate(Map<String, INDArray> state, boolean initialize) {
    return new Updater(original, (AdamUpdater) super.instantiate(state, initialize));
  }

  @Override
  public Adam clone() {
    return original.clone();
  }

  record Updater(Adam conf, AdamUpdater state) implements GradientUpdater<Adam> {
    @Override
    public Adam getConfig() {
      return conf;
    }

    @Override
    public void setState(Map<String, INDArray> arrays, boolean initialize) {
      state.setState(arrays, initialize);
    }

    @Override
    public Map<String, INDArray> getState() {
      return state.getState();
    }

    @Override
    public void setStateViewArray(INDArray view, long[] shape, char order, boolean initialize) {
      state.setStateViewArray(view, shape, order, initialize);
    }

    @Override
    public void applyUpdater(INDArray gradient, int iteration, int epoch) {
      INDArray m = state.getM();
      INDArray v = state.getV();
      if (gradient.dataType() != DataType.FLOAT || !Tensors.isDense(gradient) || !Tensors.isDense(m) || !Tensors.isDense(v)) {
        state.applyUpdater(gradient, iteration, epoch);
        return;
      }
      AdamUpdate.apply(Tensors.floats(gradient), Tensors.floats(m), Tensors.floats(v), gradient.length(), coefficients(iteration, epoch));
    }

    AdamUpdate.Coefficients coefficients(int iteration, int epoch) {
      return AdamUpdate.Coefficients.of(conf.getLearningRate(iteration, epoch), conf.getBeta1(), conf.getBeta2(), conf.getEpsilon(),
          iteration + 1);
    }
  }

  /** DL4J's decoupled weight decay, added to the update on all cores; stands in for it as {@link ParallelAdam} does for Adam. */
  static final class Decay extends WeightDecay {
    Decay(WeightDecay original) {
      super(original.getCoeff(), original.isApplyLR());
    }

    @Override
    public void apply(INDArray parameter, INDArray update, double rate, int iteration, int epoch) {
      if (update.dataType() != DataType.FLOAT || !Tensors.isDense(parameter) || !Tensors.isDense(update)) {
        super.apply(parameter, update, rate, iteration, epoch);
        return;
      }
      AdamUpdate.decay(Tensors.floats(parameter), Tensors.floats(update), update.length(), factor(rate, iteration, epoch));
    }

    /** Factor of the parameter in the update. */
    float factor(double rate, int iteration, int epoch) {
      return (float) (coeff.valueAt(iteration, epoch) * (applyLR ? rate : 1));
    }
  }
}
