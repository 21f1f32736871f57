package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;

/** The standard normal distribution composed of stock ops; {@link org.tarflowlm.coupling.Normal} says the formulas. */
final class ComposedNormal {
  static final double LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

  private static final double SQRT_HALF = Math.sqrt(0.5);

  /** Halley steps triple the digits of the first guess's three. */
  private static final int STEPS = 2;

  private final SameDiff sd;
  private final double smallestTail;

  ComposedNormal(SameDiff sd, DataType type) {
    this.sd = sd;
    this.smallestTail = type == DataType.DOUBLE ? 1e-300 : 1e-36;
  }

  /** Phi(x), to the last digit of the type also for large negative x. */
  SDVariable cdf(SDVariable x) {
    return sd.math().erfc(x.mul(-SQRT_HALF)).mul(0.5);
  }

  /** log phi(x). */
  static SDVariable logPdf(SDVariable x) {
    return x.mul(x).mul(-0.5).sub(LOG_SQRT_2PI);
  }

  /**
   * Phi^-1(F) from both tails, {@code below} = F and {@code above} = 1 - F, each computed without cancellation. A tail smaller than
   * the type can hold (|u| beyond 12.5 in FLOAT, 37 in DOUBLE) counts as the smallest one.
   */
  SDVariable quantile(SDVariable below, SDVariable above) {
    // the addend makes a tie positive; sign has gradient zero, which is right on either side
    SDVariable sign = sd.math().sign(above.sub(below).add(1e-30));
    SDVariable lower = sign.add(1.0).mul(0.5);
    SDVariable tail = sd.math().max(lower.mul(below).add(lower.mul(-1.0).add(1.0).mul(above)),
        sd.math().abs(sign).mul(smallestTail));
    return sign.mul(lowerQuantile(tail));
  }

  /** Phi^-1 of a tail in (0, 1/2]: a rational first guess in sqrt(-2 log tail) (Hastings 1955), then Halley's method. */
  private SDVariable lowerQuantile(SDVariable tail) {
    SDVariable t = sd.math().sqrt(sd.math().log(tail).mul(-2.0));
    SDVariable numerator = t.mul(t.mul(0.010328).add(0.802853)).add(2.515517);
    SDVariable denominator = t.mul(t.mul(t.mul(0.001308).add(0.189269)).add(1.432788)).add(1.0);
    SDVariable u = numerator.div(denominator).sub(t);
    for (int step = 0; step < STEPS; step++) {
      SDVariable newton = cdf(u).sub(tail).mul(sd.math().exp(logPdf(u).neg()));
      u = u.sub(newton.div(u.mul(newton).mul(0.5).add(1.0)));
    }
    return u;
  }
}
