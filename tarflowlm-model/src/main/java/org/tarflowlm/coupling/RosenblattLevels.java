package org.tarflowlm.coupling;

import java.util.Arrays;

/**
 * {@link MixtureRosenblatt} of one row under very many components, most of which are far away. Level i holds the components that can
 * still matter before dimension i + 1, given the i before: level 0 has all of them, and each level is part of the one before, since
 *
 * <pre>
 *   L_ik = logits_k + sum_{h &lt;= i} (-log s_k - x_hk^2 / 2)     is at most     L_jk - (i - j) log s_k     for j &lt; i
 * </pre>
 *
 * so that a component is left out for good at level j when even this bound stays below {@code max_k L_ik - gap} for i = j and every
 * later i: a component that is far off in one dimension but the only one near in those after it stays. The maxima are not known
 * beforehand; in their place stand lower bounds, the L of some components that are near at the end or have been the nearest so far.
 * The gap is such that all that is left out together is e^-25 of a density, and a millionth of a tail at the very most.
 */
final class RosenblattLevels {
  /**
   * Components below e^-digits of the largest weight are left out; the second value applies where a tail is so small that they might
   * matter.
   */
  private static final int[] DIGITS = {25, 55};
  /** Largest share of a tail that may be left out. */
  private static final double SHARE = 1e-6;
  /** Where the second level still has this share of all components, single ones do not pay. */
  private static final float CROWD = 0.98f;
  private static final float SMALLEST = 1e-30f;
  private static final float LARGEST = 1e30f;

  /** d + 1 of them. */
  RosenblattLevel[] levels = new RosenblattLevel[0];

  private double[] floor = new double[0];
  private double smallestLogScale;
  private double largestLogScale;
  private boolean crowded;
  private long version;

  /** Whether the last row was given up because most components are near. */
  boolean crowded() {
    return crowded;
  }

  /**
   * All dimensions of a row; false if single precision cannot hold it, or if it is better treated with all components.
   *
   * @param nearest a component of large joint density; the larger, the less there is to do; -1 if there is none
   */
  boolean evaluate(float[] z, int zAt, float[] logits, int lAt, int nearest, Components c, LaneWorkspace w) {
    int k = c.count();
    crowded = false;
    if (nearest < 0) {
      return false;
    }
    load(c, w);
    RosenblattLevel all = levels[0];
    System.arraycopy(logits, lAt, all.joint, 0, k);
    all.weigh(0, w);
    all.standardize(z[zAt], w.components.mean[0]);
    for (int digits : DIGITS) {
      double gap = NearComponents.gap(k, digits);
      descend(z, zAt, logits[lAt + nearest], nearest, gap, c, w);
      if (crowded) {
        return false;
      }
      if (map(k * Math.exp(-gap) / SHARE, c.dims(), w)) {
        return true;
      }
    }
    return false;
  }

  private void load(Components c, LaneWorkspace w) {
    w.ensure(1, c.count(), 1);
    w.components.load(c, 1);
    if (version == c.version()) {
      return;
    }
    version = c.version();
    int old = levels.length;
    if (old < c.dims() + 1) {
      levels = Arrays.copyOf(levels, c.dims() + 1);
      for (int i = old; i < levels.length; i++) {
        levels[i] = new RosenblattLevel();
      }
      floor = new double[levels.length];
    }
    levels[0].fill(c);
    smallestLogScale = Double.POSITIVE_INFINITY;
    largestLogScale = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < c.count(); k++) {
      smallestLogScale = Math.min(smallestLogScale, c.logScales[k]);
      largestLogScale = Math.max(largestLogScale, c.logScales[k]);
    }
  }

  /** Levels from 1 on. */
  private void descend(float[] z, int zAt, float logit, int nearest, double gap, Components c, LaneWorkspace w) {
    int dims = c.dims();
    Arrays.fill(floor, Double.NEGATIVE_INFINITY);
    raise(nearest, 0, logit, z, zAt, c);
    for (int i = 0; i < dims; i++) {
      RosenblattLevel level = levels[i];
      RosenblattLevel next = levels[i + 1];
      keep(i, gap, dims, w);
      if (i == 1 && next.count > CROWD * c.count()) {
        crowded = true;
        return;
      }
      int best = next.weigh(level.largest, w);
      if (i + 1 < dims) {
        raise(next.component[best], i + 1, next.largest, z, zAt, c);
        next.standardize(z[zAt + i + 1], w.components.mean[i + 1]);
      }
    }
  }

  /** Raises the lower bounds of the largest L to those of one component, which has {@code joint} at level {@code from}. */
  private void raise(int component, int from, double joint, float[] z, int zAt, Components c) {
    double value = joint;
    for (int i = from; i <= c.dims(); i++) {
      floor[i] = Math.max(floor[i], value);
      if (i < c.dims()) {
        double x = (z[zAt + i] - c.means[i * c.count() + component]) * c.inverseScales[component];
        value -= c.logScales[component] + 0.5 * x * x;
      }
    }
  }

  /**
   * Level i + 1 from level i. What L must be for a component to matter, now or later, is a concave function of log s_k, the least of
   * straight lines; its chord lies below it.
   */
  private void keep(int i, double gap, int dims, LaneWorkspace w) {
    RosenblattLevel level = levels[i];
    double atSmallest = least(i + 1, dims, smallestLogScale);
    double atLargest = least(i + 1, dims, largestLogScale);
    double width = largestLogScale - smallestLogScale;
    double slope = width > 0 ? (atLargest - atSmallest) / width : 0;
    level.keep((float) (atSmallest - slope * smallestLogScale - gap - level.largest), (float) slope, levels[i + 1], w);
  }

  private double least(int from, int dims, double logScale) {
    double bound = Double.POSITIVE_INFINITY;
    for (int i = from; i <= dims; i++) {
      bound = Math.min(bound, floor[i] + (i - from) * logScale);
    }
    return bound;
  }

  /** u of every dimension; false if what was left out, or is beyond single precision, might matter. */
  private boolean map(double smallestTail, int dims, LaneWorkspace w) {
    for (int i = 0; i < dims; i++) {
      RosenblattLevel level = levels[i];
      MixtureLanes m = level.mixture;
      level.map(levels[i + 1], w);
      boolean good = m.tail[0] * level.sum > smallestTail && m.slope[0] > SMALLEST && m.slope[0] < LARGEST;
      if (!good) {
        return false;
      }
    }
    return true;
  }
}
