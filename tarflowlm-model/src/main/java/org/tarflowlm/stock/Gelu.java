package org.tarflowlm.stock;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/** y Phi(y) with y = rows + bias. The explicit gradient Phi(y) + y phi(y) reuses Phi(y) from the forward pass. */
public final class Gelu extends PassedOn {
  public Gelu() {}

  private Gelu(SameDiff sd, int positions, SDVariable... inputs) {
    super(sd, inputs, positions);
  }

  /**
   * Builds the op for rows [R, N] and bias [N].
   *
   * @param positions a divisor of R
   * @return [R, N]
   */
  public static SDVariable of(SDVariable rows, SDVariable bias, int positions) {
    SameDiff sd = rows.getSameDiff();
    SDVariable y = Stopped.of(rows).add(Stopped.of(bias));
    SDVariable cdf = sd.math().erf(y.mul(Math.sqrt(0.5))).add(1.0).mul(0.5);
    SDVariable value = y.mul(cdf);
    return new Gelu(sd, positions, value, value, y, cdf, rows, bias).outputVariable();
  }

  /** Inputs: the value twice, y, Phi(y), rows, bias. */
  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    SDVariable y = arg(2);
    SDVariable density = NormalTail.exp(y.mul(y).mul(-0.5)).mul(1 / Math.sqrt(2 * Math.PI));
    SDVariable dRows = y.mul(density).add(arg(3)).mul(gradients.get(0));
    return List.of(sameDiff.zerosLike(arg(0)), sameDiff.zerosLike(arg(0)), sameDiff.zerosLike(y), sameDiff.zerosLike(y),
        dRows, total(dRows, argument(0), arg(5).getShape()[0]));
  }
}
