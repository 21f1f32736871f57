package org.tarflowlm.stock;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * x W, plus an optional bias b and an optional residual, with an explicit gradient: dx = dy W^T, dW = x^T dy, db = sum dy. Of the data
 * that the forward pass reads, a graph then keeps only x; libnd4j's gradients of a sum and of a reshape also need their inputs.
 */
public final class Linear extends PassedOn {
  public Linear() {}

  private Linear(SameDiff sd, int positions, SDVariable[] inputs) {
    super(sd, inputs, positions);
  }

  /** x W alone: rows [R, O] of x [R, I] and W [I, O]. Unlike libnd4j's, it computes only the gradients that something reads. */
  public static SDVariable product(SDVariable rows, SDVariable weight) {
    SDVariable value = Stopped.of(rows).mmul(Stopped.of(weight));
    return new Linear(rows.getSameDiff(), 0, new SDVariable[] {value, value, rows, weight}).outputVariable();
  }

  /**
   * Builds the op.
   *
   * @param rows [R, I]
   * @param weight [I, O]
   * @param bias [O]
   * @param residual [R, O], or null
   * @param positions a divisor of R
   * @return [R, O]
   */
  public static SDVariable of(SDVariable rows, SDVariable weight, SDVariable bias, SDVariable residual, int positions) {
    SDVariable value = Stopped.of(rows).mmul(Stopped.of(weight)).add(Stopped.of(bias));
    value = residual == null ? value : value.add(Stopped.of(residual));
    List<SDVariable> inputs = new ArrayList<>(List.of(value, value, rows, weight, bias));
    if (residual != null) {
      inputs.add(residual);
    }
    return new Linear(rows.getSameDiff(), positions, inputs.toArray(new SDVariable[0])).outputVariable();
  }

  /** Inputs: the value twice, rows, weight, and perhaps bias and residual. */
  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    SDVariable above = gradients.get(0);
    SDVariable zero = sameDiff.zerosLike(arg(0));
    List<SDVariable> result = new ArrayList<>(List.of(zero, zero, sameDiff.mmul(above, arg(3), false, true, false),
        sameDiff.mmul(arg(2), above, true, false, false)));
    if (args().length > 4) {
      result.add(total(above, argument(0), arg(4).getShape()[0]));
    }
    if (args().length > 5) {
      result.add(above);
    }
    return result;
  }
}
