package org.tarflowlm.stock;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * A value whose gradient is zero. Its gradient does not read the incoming gradient, so SameDiff, which runs only what an output needs,
 * never computes that.
 */
public final class Stopped extends PassedOn {
  public Stopped() {}

  private Stopped(SameDiff sd, SDVariable x) {
    super(sd, new SDVariable[] {x, x});
  }

  static SDVariable of(SDVariable x) {
    return new Stopped(x.getSameDiff(), x).outputVariable();
  }

  /** No gradients: SameDiff uses those of the op with the explicit gradient. */
  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of();
  }
}
