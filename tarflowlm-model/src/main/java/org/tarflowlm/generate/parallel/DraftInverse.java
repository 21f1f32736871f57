package org.tarflowlm.generate.parallel;

import java.util.Comparator;
import java.util.stream.IntStream;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.Normal;

/**
 * A quick guess at {@link MixtureRosenblatt#inverse}: treats components as points when it sums their weights. Exact in the limit of
 * components that are narrow compared with their distances; rough where they overlap. One instance per thread.
 */
public final class DraftInverse {
  /** A dimension does not separate two components whose means differ there by fewer scales than this. */
  private static final double SEPARATE = 8.0;
  /** Assumed difference, as a share of all weight, between these sums of weights and another model's; for {@link #confidence()}. */
  private static final double UNSURE = 0.03;
  /** Keeps guesses off the far tails of a component. */
  private static final double EDGE = 1e-3;

  private final Components components;
  /** [d][K], components sorted by their means in each dimension. */
  private final int[][] order;
  private double confidence;

  public DraftInverse(Components components) {
    this.components = components;
    int k = components.count();
    order = new int[components.dims()][];
    for (int i = 0; i < order.length; i++) {
      int at = i * k;
      order[i] = IntStream.range(0, k).boxed().sorted(Comparator.comparingDouble(j -> components.means[at + j])).mapToInt(j -> j)
          .toArray();
    }
  }

  /**
   * Writes a guess at z [d] and returns its component.
   *
   * @param u holds the noise [d] from {@code uAt} on
   * @param weights [K], not negative, not all zero; becomes zero for components that the guess rules out
   * @param z receives the guess from {@code zAt} on
   */
  public int inverse(double[] u, int uAt, double[] weights, double[] z, int zAt) {
    int k = components.count();
    double total = 0.0;
    int left = 0;
    for (int j = 0; j < k; j++) {
      total += weights[j];
      left += weights[j] > 0 ? 1 : 0;
    }
    confidence = 1.0;
    int chosen = -1;
    for (int i = 0; i < components.dims(); i++) {
      double ui = u[uAt + i];
      if (left > 1) {
        double target = Math.exp(Normal.logCdf(ui)) * total;
        chosen = choose(i, target, weights);
        double scale = components.scales[chosen];
        double mean = components.means[i * k + chosen];
        double below = 0.0;
        double kept = 0.0;
        left = 0;
        for (int j = 0; j < k; j++) {
          double distance = components.means[i * k + j] - mean;
          boolean apart = Math.abs(distance) > SEPARATE * Math.max(scale, components.scales[j]);
          below += apart && distance < 0 ? weights[j] : 0.0;
          weights[j] = apart ? 0.0 : weights[j];
          kept += weights[j];
          left += weights[j] > 0 ? 1 : 0;
        }
        confidence *= (below + kept < total ? logistic((below + kept - target) / total) : 1.0)
            - (below > 0 ? logistic((below - target) / total) : 0.0);
        double inside = Math.max(EDGE, Math.min(1.0 - EDGE, (target - below) / kept));
        z[zAt + i] = mean + scale * Normal.quantileFromLogs(Math.log(inside), Math.log1p(-inside));
        total = kept;
      } else {
        chosen = chosen < 0 ? choose(i, total, weights) : chosen;
        z[zAt + i] = components.means[i * k + chosen] + components.scales[chosen] * ui;
      }
    }
    return chosen;
  }

  /**
   * Probability that weights close to those of the last call lead to the same component, estimated from the noise's distance to the
   * neighbouring components.
   */
  public double confidence() {
    return confidence;
  }

  private static double logistic(double x) {
    return 1.0 / (1.0 + Math.exp(-x / UNSURE));
  }

  /** The component at which the sum of weights in the order of means reaches {@code target}. */
  private int choose(int dim, double target, double[] weights) {
    double sum = 0.0;
    int last = -1;
    for (int j : order[dim]) {
      if (weights[j] > 0) {
        last = j;
        sum += weights[j];
        if (sum >= target) {
          return j;
        }
      }
    }
    return last;
  }
}
