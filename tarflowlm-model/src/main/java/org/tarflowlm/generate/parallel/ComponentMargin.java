package org.tarflowlm.generate.parallel;

import org.tarflowlm.coupling.Normal;
import org.tarflowlm.flow.TokenMargin;
import org.tarflowlm.vector.DoubleLoops;

/** Computes the margin channel by channel: the probability of the remaining components on the smaller side of z. */
final class ComponentMargin implements TokenMargin {
  /** A component drops out where another's weight is e to this power times its own. */
  private static final double ALONE = 80.0;
  /** With this many components left, the margin counts as 0. */
  private static final int MOST_LEFT = 8;

  private double margin;
  /** Factor by which an error in earlier channels' distribution functions grows in the current channel's. */
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
   * How much the weights of the two likeliest components, given this channel, change with its distribution function F. A change of F
   * moves z by that change divided by the density. The move changes the log ratio of the weights by the difference of their scores.
   */
  private static double amplification(double logBest, double logSecond, double scores) {
    return Math.exp(logSecond - 2.0 * logBest + Normal.LOG_SQRT_2PI) * scores;
  }
}
