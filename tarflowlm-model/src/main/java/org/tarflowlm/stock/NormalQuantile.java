package org.tarflowlm.stock;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/** Phi^-1 of a probability of at most 1/2, given its logarithm; the derivative with respect to that logarithm is Mills' ratio. */
public final class NormalQuantile extends PassedOn {
  public NormalQuantile() {}

  private NormalQuantile(SameDiff sd, SDVariable value, SDVariable logTail) {
    super(sd, new SDVariable[] {value, value, logTail});
  }

  /** The u, at most 0, with log Phi(u) = {@code logTail}; it has that shape. */
  public static SDVariable of(SDVariable logTail) {
    SDVariable value = NormalTail.quantile(Stopped.of(logTail)).neg();
    return new NormalQuantile(logTail.getSameDiff(), value, logTail).outputVariable();
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    SDVariable mills = NormalTail.exp(NormalTail.logMills(arg(0).neg()));
    return List.of(sameDiff.zerosLike(arg(0)), sameDiff.zerosLike(arg(0)), gradients.get(0).mul(mills));
  }
}
