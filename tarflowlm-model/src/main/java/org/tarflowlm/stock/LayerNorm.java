package org.tarflowlm.stock;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Layer normalisation with an explicit gradient, because libnd4j's gradient of a product is many times slower with a broadcast row or
 * column than without. With n the normalised row, r one over its standard deviation and dn = gain * dy,
 *
 * <pre>dx = r (dn - mean(dn) - n mean(dn * n)),   dgain = sum dy * n,   dbias = sum dy</pre>
 */
public final class LayerNorm extends PassedOn {
  private static final double EPSILON = 1e-5;

  public LayerNorm() {}

  private LayerNorm(SameDiff sd, int positions, SDVariable... inputs) {
    super(sd, inputs, positions);
  }

  /**
   * Builds the op for rows [R, N], gain [N] and bias [N].
   *
   * @param positions a divisor of R
   * @return [R, N]
   */
  public static SDVariable of(SDVariable rows, SDVariable gain, SDVariable bias, int positions) {
    SameDiff sd = rows.getSameDiff();
    SDVariable stopped = Stopped.of(rows);
    SDVariable centred = stopped.sub(stopped.mean(true, 1));
    SDVariable scale = sd.math().pow(centred.mul(centred).mean(true, 1).add(EPSILON), -0.5);
    SDVariable normal = centred.mul(scale);
    SDVariable value = normal.mul(Stopped.of(gain)).add(Stopped.of(bias));
    return new LayerNorm(sd, positions, value, value, normal, scale, rows, gain, bias).outputVariable();
  }

  /** Inputs: the value twice, n, r, rows, gain, bias. */
  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    SDVariable above = gradients.get(0);
    SDVariable normal = arg(2);
    long width = arg(5).getShape()[0];
    SDVariable dNormal = above.mul(arg(5));
    SDVariable shared = dNormal.mean(true, 1).add(normal.mul(dNormal.mul(normal).mean(true, 1)));
    return List.of(sameDiff.zerosLike(arg(0)), sameDiff.zerosLike(arg(0)), sameDiff.zerosLike(normal), sameDiff.zerosLike(arg(3)),
        dNormal.sub(shared).mul(arg(3)), total(above.mul(normal), argument(0), width), total(above, argument(0), width));
  }
}
