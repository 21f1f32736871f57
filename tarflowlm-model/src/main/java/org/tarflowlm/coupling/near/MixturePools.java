package org.tarflowlm.coupling.near;

import java.util.Arrays;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.Workspace;

/**
 * Stands in for a scalar mixture of very many Gaussians: pools them into at most {@value #MOST} by their means, each with the weight, mean
 * and variance of its members. With no more Gaussians than that, the pools are the mixture.
 */
final class MixturePools {
  static final int MOST = 128;

  private final Components pools = new Components();
  private final double[] mean = new double[MOST];
  private final double[] logScale = new double[MOST];
  private final double[] logit = new double[MOST];
  private final double[] weights = new double[MOST];
  private final double[] means = new double[MOST];
  private final double[] squares = new double[MOST];
  private final double[] z = new double[1];
  private final Workspace workspace = new Workspace();

  /** Takes a mixture of {@code count} Gaussians as it is, with logits in place of weights. */
  void copy(double[] logits, double[] componentMean, double[] componentLogScale, int count) {
    System.arraycopy(logits, 0, logit, 0, count);
    pools.assign(componentMean, componentLogScale, count, 1);
  }

  /** Pools {@code count} Gaussians, whose means lie between {@code least} and {@code most}. */
  void pool(double[] weight, double[] componentMean, double[] inverseScale, int count, double least, double most) {
    Arrays.fill(weights, 0.0);
    Arrays.fill(means, 0.0);
    Arrays.fill(squares, 0.0);
    double perUnit = (MOST - 1) / (most - least);
    for (int j = 0; j < count; j++) {
      int pool = (int) ((componentMean[j] - least) * perUnit);
      double scale = 1.0 / inverseScale[j];
      weights[pool] += weight[j];
      means[pool] += weight[j] * componentMean[j];
      squares[pool] += weight[j] * (componentMean[j] * componentMean[j] + scale * scale);
    }
    int used = 0;
    for (int pool = 0; pool < MOST; pool++) {
      if (weights[pool] > 0) {
        mean[used] = means[pool] / weights[pool];
        logScale[used] = 0.5 * Math.log(squares[pool] / weights[pool] - mean[used] * mean[used]);
        logit[used++] = Math.log(weights[pool]);
      }
    }
    pools.assign(mean, logScale, used, 1);
  }

  /** The z at which the pools' distribution function is Phi(u). */
  double solve(double u) {
    z[0] = u;
    MixtureRosenblatt.inverse(z, 0, logit, 0, pools, z, 0, workspace);
    return z[0];
  }
}
