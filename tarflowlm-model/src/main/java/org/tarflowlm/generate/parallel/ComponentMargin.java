package org.tarflowlm.generate.parallel;

import org.tarflowlm.coupling.Normal;
import org.tarflowlm.flow.TokenMargin;
import org.tarflowlm.vector.DoubleLoops;

/** The margin by the components' weights: in each channel, what the components that are left have on the smaller side of z. */
final class ComponentMargin implements TokenMargin {
  /** A component is out where another's weight is e to this times its own. */
  private static final double ALONE = 80.0;
  /** With more components left, the margin is taken for 0. */
  private static final int MOST_LEFT = 8;

  private double margin;
  /** How much an error in the distribution functions of earlier channels shows in the current one's. */
  private double amplification;

  @Override
  public void begin() {
    margin = 1.0;
    amplification = 1.0;
  }

  @Override
  public double margin() {
    return margin;
  }

  @Override
  public void solved(boolean last, int k, double[] logWeight, double[] logJoint, double[] x, double[] inverseScale) {
    int best = DoubleLoops.indexOfMax(logJoint, k);
    int left = 0;
    int second = -1;
    double below = 0.0;
    double above = 0.0;
    for (int j = 0; j < k && left < MOST_LEFT; j++) {
      if (logJoint[j] > logJoint[best] - ALONE) {
        left++;
        below += Math.exp(logWeight[j] + Normal.logCdf(x[j]));
        above += Math.exp(logWeight[j] + Normal.logCdf(-x[j]));
        second = j != best && (second < 0 || logJoint[j] > logJoint[second]) ? j : second;
      }
    }
    margin = Math.min(margin, left < MOST_LEFT ? Math.min(below, above) / amplification : 0.0);
    if (second >= 0) {
      amplification *= 1.0 + amplification(logJoint[best], logJoint[second],
          Math.abs(x[best] * inverseScale[best] - x[second] * inverseScale[second]));
    }
    if (last && left != 1) {
      margin = 0.0;
    }
  }

  /**
   * How much the weights of the two likeliest components, given this channel, change with F of this channel: a change of F changes z by
   * its reciprocal density, and that the logarithm of their ratio by the difference of their scores.
   */
  private static double amplification(double logBest, double logSecond, double scores) {
    return Math.exp(logSecond - 2.0 * logBest + Normal.LOG_SQRT_2PI) * scores;
  }
}
