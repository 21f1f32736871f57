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
 * DL4J's Adam, whose step {@link AdamUpdate} computes. {@link TarFlowOutputLayer} replaces a plain {@link Adam} by it at run time, so that
 * configurations, files and updater states remain DL4J's own.
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
    Updater updater = new Updater(original);
    updater.setStateViewArray(view.reshape(view.length()), new long[] {view.length() / 2}, view.ordering(), initialize);
    return updater;
  }

  @Override
  public GradientUpdater<Adam> instantiate(Map<String, INDArray> state, boolean initialize) {
    Updater updater = new Updater(original);
    updater.setState(state, initialize);
    return updater;
  }

  @Override
  public Adam clone() {
    return original.clone();
  }

  static final class Updater extends AdamUpdater {
    Updater(Adam conf) {
      super(conf);
    }

    @Override
    public void applyUpdater(INDArray gradient, int iteration, int epoch) {
      INDArray m = getM();
      INDArray v = getV();
      if (gradient.dataType() != DataType.FLOAT || !Tensors.isDense(gradient) || !Tensors.isDense(m) || !Tensors.isDense(v)) {
        super.applyUpdater(gradient, iteration, epoch);
        return;
      }
      AdamUpdate.apply(Tensors.floats(gradient), Tensors.floats(m), Tensors.floats(v), gradient.length(), coefficients(iteration, epoch));
    }

    AdamUpdate.Coefficients coefficients(int iteration, int epoch) {
      Adam conf = getConfig();
      return AdamUpdate.Coefficients.of(conf.getLearningRate(iteration, epoch), conf.getBeta1(), conf.getBeta2(), conf.getEpsilon(),
          iteration + 1);
    }
  }

  /** DL4J's decoupled weight decay, added to the update on all cores; it replaces DL4J's class as {@link ParallelAdam} replaces Adam. */
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

    /** Factor by which the parameter enters the update. */
    float factor(double rate, int iteration, int epoch) {
      return (float) (coeff.valueAt(iteration, epoch) * (applyLR ? rate : 1));
    }
  }
}
