package org.tarflowlm.nn;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.tarflowlm.kernel.AdamUpdate;
import org.tarflowlm.ops.Tensors;

/** DL4J's decoupled weight decay, added to the update on all cores; stands in for it as {@link ParallelAdam} does for Adam. */
final class ParallelWeightDecay extends WeightDecay {
  ParallelWeightDecay(WeightDecay original) {
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
