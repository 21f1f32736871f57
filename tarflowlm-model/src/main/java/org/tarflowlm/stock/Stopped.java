package org.tarflowlm.stock;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * A value whose gradient is zero. The gradient does not look at what comes in from above, so the ops that would compute that are never
 * run: SameDiff runs what an output needs.
 */
public final class Stopped extends PassedOn {
  public Stopped() {}

  private Stopped(SameDiff sd, SDVariable x) {
    super(sd, new SDVariable[] {x, x});
  }

  static SDVariable of(SDVariable x) {
    return new Stopped(x.getSameDiff(), x).outputVariable();
  }

  /** No gradients: SameDiff takes what the op with the written gradient gives. */
  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of();
  }
}
