package org.tarflowlm.stock;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.ops.SDMath;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * The standard normal distribution's tails in stock ops, computed with logarithms throughout, so that they keep the digits of the graph's
 * type however far out.
 *
 * <p>Everything rests on Mills' ratio M(a) = Phi(-a)/phi(a). Its logarithm is log t + P(2t - 1) with t = 1/(1 + 0.3a) and a Chebyshev
 * series P, truncated at the precision of the type (2e-8 for FLOAT and 4e-15 for DOUBLE).
 */
public final class NormalTail {
  public static final double LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

  private static final double SLOPE = 0.3;
  private static final double[] SINGLE = {-0.586271723, 0.741447228, 0.115041423, -0.0281704235, -0.0217417912, 0.00161408777,
      0.00478686848, 1.19167849e-05, -0.001062122, -2.07361318e-05, 0.000156636512};
  private static final double[] DOUBLE = {-0.5862717427820494, 0.7414471728627586, 0.11504288961443862, -0.02816932396118176,
      -0.021759483532462404, 0.001608081530518155, 0.004866279708244015, 2.4782859236460957e-05, -0.0012288879054291174,
      -3.0841736566240636e-05, 0.00033198739784917207, -1.7305402887729862e-06, -9.100692963279482e-05, 6.780036657559427e-06,
      2.3950144347058943e-05, -4.0277628934539095e-06, -5.683013945306055e-06, 1.5016054293793275e-06, 1.118545689659693e-06,
      -3.584228180848474e-07, -1.5902457955557097e-07, 4.2014482113350534e-08, 1.1936925329277006e-08};

  private NormalTail() {}

  /** log phi(x). */
  public static SDVariable logPdf(SDVariable x) {
    return x.mul(x).mul(-0.5).sub(LOG_SQRT_2PI);
  }

  /** log M(a), for a >= 0 (or slightly below). */
  static SDVariable logMills(SDVariable a) {
    double[] series = a.dataType() == DataType.DOUBLE ? DOUBLE : SINGLE;
    SDVariable t = a.mul(SLOPE).add(1.0).rdiv(1.0);
    SDVariable x = t.mul(2.0).sub(1.0);
    SDVariable sum = x.mul(series[series.length - 1]).add(series[series.length - 2]);
    for (int i = series.length - 3; i >= 0; i--) {
      sum = sum.mul(x).add(series[i]);
    }
    return sum.add(log(t));
  }

  /** log Phi(x) and log Phi(-x), given x^2/2. */
  static SDVariable[] logCdfs(SDVariable x, SDVariable halfSquare) {
    SDVariable tail = logMills(math(x).abs(x)).sub(halfSquare).sub(LOG_SQRT_2PI);
    SDVariable rest = log(exp(tail).rsub(1.0));
    SDVariable negative = isNegative(x);
    SDVariable positive = negative.rsub(1.0);
    return new SDVariable[] {tail.mul(negative).add(rest.mul(positive)), tail.mul(positive).add(rest.mul(negative))};
  }

  /** log Phi(x) and its derivative's logarithm, log(phi(x)/Phi(x)), given x^2/2; avoids a difference of large numbers. */
  static SDVariable[] logCdfAndHazard(SDVariable x, SDVariable halfSquare) {
    SDVariable logMills = logMills(math(x).abs(x));
    SDVariable logDensity = halfSquare.neg().sub(LOG_SQRT_2PI);
    SDVariable tail = logMills.add(logDensity);
    SDVariable rest = log(exp(tail).rsub(1.0));
    SDVariable negative = isNegative(x);
    SDVariable positive = negative.rsub(1.0);
    return new SDVariable[] {tail.mul(negative).add(rest.mul(positive)),
        logDensity.sub(rest).mul(positive).sub(logMills.mul(negative))};
  }

  /** 1 where x is negative, else 0. */
  private static SDVariable isNegative(SDVariable x) {
    return x.getSameDiff().lt(x, 0.0).castTo(x.dataType());
  }

  /**
   * The a for a given log Phi(-a), at most log 1/2. A rational function of sqrt(-2 log Phi(-a)) gives three digits (Hastings 1955); each
   * step of Newton's method on the logarithm doubles their number.
   */
  static SDVariable quantile(SDVariable logTail) {
    SDVariable t = logTail.getSameDiff().math().sqrt(logTail.mul(-2.0));
    SDVariable numerator = t.mul(t.mul(0.010328).add(0.802853)).add(2.515517);
    SDVariable denominator = t.mul(t.mul(t.mul(0.001308).add(0.189269)).add(1.432788)).add(1.0);
    SDVariable a = t.sub(numerator.div(denominator));
    int steps = logTail.dataType() == DataType.DOUBLE ? 2 : 1;
    for (int step = 0; step < steps; step++) {
      SDVariable logMills = logMills(a);
      SDVariable excess = logMills.sub(a.mul(a).mul(0.5)).sub(LOG_SQRT_2PI).sub(logTail);
      a = a.add(excess.mul(exp(logMills)));
    }
    return a;
  }

  static SDVariable exp(SDVariable x) {
    return math(x).exp(x);
  }

  static SDVariable log(SDVariable x) {
    return math(x).log(x);
  }

  private static SDMath math(SDVariable x) {
    return x.getSameDiff().math();
  }
}
