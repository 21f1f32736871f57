package org.tarflowlm.coupling;

/**
 * Inverts one scalar mixture: finds the z with Phi^-1(F(z)) = u by a safeguarded Halley iteration on h(z) = Phi^-1(F(z)) - u, which is
 * linear for one component and nearly so in both tails.
 *
 * <p>The root lies between min_k(m_k + s_k u) and max_k(m_k + s_k u): every component's own distribution function is at most
 * Phi(u) at the lower end and at least Phi(u) at the upper. Each evaluation narrows that bracket; bisection replaces a step that
 * leaves it, and takes over when the residual stagnates. So gaps between narrow components, where h is flat, cost extra steps but the
 * root is always found.
 */
final class MixtureInverse {
  private static final int MOST_ITERATIONS = 200;
  /** Residual at rounding level, relative to max(1, |u|), to which the effect on u of z's last bit is added. */
  private static final double ROUNDING = 1e-14;
  /** A Halley step cubes the error: from a residual this small, also relative to the curvature, one step reaches rounding level. */
  private static final double LAST_STEP = 1e-5;
  /** Limit on the passes that narrow down the group of components to start from. */
  private static final int MOST_SPLITS = 16;
  /** Components whose means lie within this many scales are treated as one. */
  private static final double OVERLAP = 4.0;

  private MixtureInverse() {}

  /**
   * Returns z. Reads the mixture from the workspace: row 0 of weight, and logWeight, mean, logScale, scale and inverseScale. Leaves there
   * the results of the last {@link ScalarMixture#evaluate}, taken within rounding or one short step of z.
   */
  static double solve(double u, int k, Workspace w) {
    double lo = Double.POSITIVE_INFINITY;
    double hi = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < k; j++) {
      double end = w.mean[j] + w.scale[j] * u;
      lo = Math.min(lo, end);
      hi = Math.max(hi, end);
    }
    double z = start(u, k, w);
    z = z >= lo && z <= hi ? z : 0.5 * (lo + hi);
    double tolerance = ROUNDING * Math.max(1.0, Math.abs(u));
    double previous = Double.POSITIVE_INFINITY;
    int iterations = 1;
    for (; iterations < MOST_ITERATIONS; iterations++) {
      double residual = ScalarMixture.evaluate(z, k, false, w) - u;
      double size = Math.abs(residual);
      double slope = w.slope[0];
      if (size <= tolerance + 2.0 * slope * Math.ulp(z) || hi - lo <= Math.ulp(z)) {
        break;
      }
      if (residual > 0) {
        hi = z;
      } else {
        lo = z;
      }
      double curvature = logSlopeDerivative(k, w) / slope;
      double next = z - residual / (slope * Math.max(0.5, Math.min(2.0, 1.0 - 0.5 * residual * curvature)));
      boolean inside = next > lo && next < hi;
      if (inside && size <= LAST_STEP && size * Math.abs(curvature) <= LAST_STEP) {
        z = next;
        break;
      }
      z = inside && size <= 0.5 * previous ? next : 0.5 * (lo + hi);
      previous = size;
    }
    w.countInversion(iterations);
    return z;
  }

  /** d log(du/dz) / dz = d log p / dz + u du/dz. */
  private static double logSlopeDerivative(int k, Workspace w) {
    double score = 0.0;
    for (int j = 0; j < k; j++) {
      score -= w.weight[k + j] * w.x[j] * w.inverseScale[j];
    }
    return score + w.u[0] * w.slope[0];
  }

  /**
   * A starting point, or NaN. The smaller tail of u tells how much weight lies on its side of the root. Treating components as points and
   * summing their weights from that side, bisection narrows them to a group around the root whose members overlap. The starting point is
   * a quantile of the normal distribution with that group's mean and variance.
   */
  private static double start(double u, int k, Workspace w) {
    double side = u > 0 ? -1.0 : 1.0;
    double tail = Math.exp(Normal.logCdf(side * u));
    double from = Double.NEGATIVE_INFINITY;
    double to = Double.POSITIVE_INFINITY;
    double outside = 0.0;
    Group group = w.group;
    group.collect(side, from, to, k, w);
    for (int split = 0; split < MOST_SPLITS && group.most - group.least > OVERLAP * group.scale; split++) {
      double middle = 0.5 * (group.least + group.most);
      double below = weight(side, from, middle, k, w);
      if (outside + below >= tail) {
        to = middle;
      } else {
        from = middle;
        outside += below;
      }
      group.collect(side, from, to, k, w);
    }
    double fraction = Math.max(Double.MIN_NORMAL, Math.min(1.0 - 1e-12, (tail - outside) / group.weight));
    return side * (group.mean + group.deviation * Normal.quantileFromLogs(Math.log(fraction), Math.log1p(-fraction)));
  }

  private static double weight(double side, double from, double to, int k, Workspace w) {
    double sum = 0.0;
    for (int j = 0; j < k; j++) {
      double mean = side * w.mean[j];
      sum += mean > from && mean <= to ? w.weight[j] : 0.0;
    }
    return sum;
  }

  /** Components with means (times side) in (from, to]: their weight, range of means, typical scale, joint mean and deviation. */
  static final class Group {
    double weight;
    double least;
    double most;
    double scale;
    double mean;
    double deviation;

    void collect(double side, double from, double to, int k, Workspace w) {
      weight = 0.0;
      least = Double.POSITIVE_INFINITY;
      most = Double.NEGATIVE_INFINITY;
      double sum = 0.0;
      double squares = 0.0;
      double variances = 0.0;
      for (int j = 0; j < k; j++) {
        double m = side * w.mean[j];
        if (m > from && m <= to) {
          double pi = w.weight[j];
          double s = w.scale[j];
          least = Math.min(least, m);
          most = Math.max(most, m);
          weight += pi;
          sum += pi * m;
          squares += pi * m * m;
          variances += pi * s * s;
        }
      }
      mean = sum / weight;
      scale = Math.sqrt(variances / weight);
      deviation = Math.sqrt(Math.max(0.0, squares / weight - mean * mean) + variances / weight);
    }
  }
}
