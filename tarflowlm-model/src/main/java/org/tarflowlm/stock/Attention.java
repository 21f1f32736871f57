package org.tarflowlm.stock;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * softmax(q k^T + mask) v, with an explicit gradient, which keeps only the weights of all [time, time] arrays. With C the output and W
 * the weights,
 *
 * <pre>dV = W^T dC,   dS = W * (dC V^T - rowsum(dC * C)),   dQ = dS k,   dK = dS^T q</pre>
 */
public final class Attention extends PassedOn {
  private static final int CHANNELS = 3;

  public Attention() {}

  private Attention(SameDiff sd, int width, SDVariable... inputs) {
    super(sd, inputs, width);
  }

  /**
   * Builds the op.
   *
   * @param q scaled queries [batch, heads, time, width]; keys and values have the same shape
   * @param width width of a head
   * @param mask [time, time], added to the scores
   * @return [batch, heads, time, width]
   */
  public static SDVariable of(SDVariable q, SDVariable k, SDVariable v, int width, SDVariable mask) {
    SameDiff sd = q.getSameDiff();
    SDVariable scores = product(Stopped.of(q), Stopped.of(k), false, true).add(mask);
    SDVariable weights = sd.nn().softmax(scores, -1);
    SDVariable mixed = weights.mmul(Stopped.of(v));
    return new Attention(sd, width, mixed, mixed, weights, q, k, v).outputVariable();
  }

  /** Inputs: the output twice, weights, q, k, v. */
  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    SDVariable above = gradients.get(0);
    SDVariable weights = arg(2);
    SDVariable products = above.mul(arg(0));
    SDVariable mean = argument(0) == 1 ? products : products.sum(true, CHANNELS); // summing an axis of length 1 fails inside a graph
    SDVariable dScores = product(above, arg(5), false, true).sub(mean).mul(weights);
    return List.of(sameDiff.zerosLike(arg(0)), sameDiff.zerosLike(arg(0)), sameDiff.zerosLike(weights),
        dScores.mmul(arg(4)), product(dScores, arg(3), true, false), product(weights, above, true, false));
  }

  private static SDVariable product(SDVariable a, SDVariable b, boolean transposeA, boolean transposeB) {
    return a.getSameDiff().mmul(a, b, transposeA, transposeB, false);
  }
}
