package org.tarflowlm.coupling.near;

import java.util.Arrays;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.Normal;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.vector.DoubleLoops;

/**
 * {@link MixtureRosenblatt} under very many components, in double precision, in both directions. Two things make it fast.
 *
 * <p><b>Near components.</b> Before channel i it drops those that no later channel can bring back. With s the largest scale and
 *
 * <pre>
 *   L_ik = logits_k + sum_{h &lt; i} (-log s_k - x_hk^2 / 2),      L_jk + j log s  is at most  L_ik + i log s + (d - i) log(s / s_k)
 * </pre>
 *
 * for all j &gt;= i, and the right side of a dropped component is less than {@code max_k L_ik + i log s - }{@value #GAP}. Before each
 * channel it checks that all dropped components together hold at most {@value #SHARE} of the smaller tail of u, and after the last that
 * they hold at most that share of p(z). If they may hold more, the row uses all components.
 *
 * <p><b>Root finding.</b> The inverse solves {@link MixturePools} for a start, from which a step or two of Halley's iteration on the
 * logarithm of the smaller tail lead to the root, at which u is within 1e-8 of the given one.
 *
 * <p>Each thread needs its own instance.
 */
public final class NearRosenblatt {
  private static final double GAP = 60.0;
  private static final double SHARE = 1e-9;
  /** In smaller tails, terms that underflow would count. */
  private static final double LEAST_LOG_TAIL = -550.0;
  /** Halley's step cubes the error: from a smaller error of the tail's logarithm, also relative to the curvature, one step suffices. */
  private static final double LAST_STEP = 1e-4;
  private static final int MOST_STEPS = 8;

  private long version;
  private double largestLogScale;
  /** Least and largest mean in each channel. */
  private double[] least = new double[0];
  private double[] most = new double[0];

  /** Number of components kept, which lead the arrays below. */
  private int count;
  /** Whether these are all components; then the next three arrays are the caller's. */
  private boolean whole;
  /** L. */
  private double[] joint;
  private double[] logScale;
  private double[] inverseScale;
  private int[] index = new int[0];
  private double[] ownJoint;
  private double[] ownLogScale;
  private double[] ownInverseScale;
  /** max L; exp(L - max L), and their sum. */
  private double largest;
  private double[] weight;
  private double sum;
  /** max L + i log s, and the most that this can be for a dropped component. */
  private double level;
  private double dropped;
  private double[] mean;
  /** For the listener. */
  private double[] x;
  private double[] logWeight;
  private final MixturePools pools = new MixturePools();
  private final TailSums sums = new TailSums();

  /**
   * Arguments as in {@link MixtureRosenblatt#inverse}. The listener hears of the near components only.
   *
   * @param logits [K]
   */
  public void inverse(double[] u, int uAt, double[] logits, Components c, double[] z, int zAt, MixtureRosenblatt.InverseListener listener,
      Workspace w) {
    load(logits, c);
    if (listener != null) {
      listener.begin();
    }
    for (int i = 0; i < c.dims(); i++) {
      weigh(i, c);
      double logTail = Normal.logCdf(-Math.abs(u[uAt + i]));
      double root = holdsNearlyAll(logTail, c) ? root(u[uAt + i], logTail, i, c, w) : Double.NaN;
      if (Double.isNaN(root)) {
        MixtureRosenblatt.inverse(u, uAt, logits, 0, c, z, zAt, listener, w);
        return;
      }
      z[zAt + i] = root;
      if (listener != null) {
        tell(listener, root, i + 1 == c.dims(), largest + Math.log(sum));
      }
      extend(root);
    }
  }

  /**
   * Arguments and results as in {@link MixtureRosenblatt#forward}; u is within 1e-8 of its u. The arrays u and z must differ.
   *
   * @param logits [K]
   */
  public void forward(double[] z, int zAt, double[] logits, Components c, double[] u, int uAt, Workspace w) {
    load(logits, c);
    weigh(0, c);
    double logDensity = -largest - Math.log(sum) - c.dims() * Normal.LOG_SQRT_2PI;
    double logBase = 0.0;
    boolean near = true;
    for (int i = 0; i < c.dims() && near; i++) {
      pickMeans(i, c);
      sums.evaluate(z[zAt + i], 1.0, weight, mean, inverseScale, count);
      double side = sums.tail > 0.5 * sum ? -1.0 : 1.0;
      if (side < 0) {
        sums.evaluate(z[zAt + i], side, weight, mean, inverseScale, count);
      }
      double logTail = Math.log(sums.tail / sum);
      near = logTail > LEAST_LOG_TAIL && holdsNearlyAll(logTail, c);
      u[uAt + i] = side * Normal.quantileOfLog(logTail);
      logBase += Normal.logPdf(u[uAt + i]);
      extend(z[zAt + i]);
      weigh(i + 1, c);
    }
    if (near && holdsNearlyAll(0.0, c)) {
      logDensity += largest + Math.log(sum);
      w.setForward(logDensity, logDensity - logBase);
    } else {
      MixtureRosenblatt.forward(z, zAt, logits, 0, c, u, uAt, w);
    }
  }

  private void load(double[] logits, Components c) {
    int k = c.count();
    if (index.length < k) {
      index = new int[k];
      ownJoint = new double[k];
      ownLogScale = new double[k];
      ownInverseScale = new double[k];
      weight = new double[k];
      mean = new double[k];
      x = new double[k];
      logWeight = new double[k];
    }
    if (version != c.version()) {
      version = c.version();
      largestLogScale = DoubleLoops.max(c.logScales, 0, k);
      least = new double[c.dims()];
      most = new double[c.dims()];
      for (int i = 0; i < c.dims(); i++) {
        most[i] = DoubleLoops.max(c.means, i * k, k);
        least[i] = Arrays.stream(c.means, i * k, (i + 1) * k).min().getAsDouble();
      }
    }
    count = k;
    whole = true;
    dropped = Double.NEGATIVE_INFINITY;
    joint = logits;
    logScale = c.logScales;
    inverseScale = c.inverseScales;
  }

  /** Computes the weights before channel i, of those components that it still needs. */
  private void weigh(int i, Components c) {
    largest = DoubleLoops.max(joint, 0, count);
    level = largest + i * largestLogScale;
    if (keep(largest - GAP, c.dims() - i)) {
      dropped = Math.max(dropped, level - GAP);
    }
    sum = sums.exp(joint, largest, weight, count);
  }

  /** Whether all dropped components together hold at most {@link #SHARE} of a part of the mixture. */
  private boolean holdsNearlyAll(double logPart, Components c) {
    return Math.log(c.count()) + dropped - level < Math.log(SHARE) + logPart;
  }

  /** Drops components for good; returns whether there were any. */
  private boolean keep(double threshold, int channels) {
    int first = 0;
    while (first < count && !(bound(first, channels) < threshold)) {
      first++;
    }
    if (first == count) {
      return false;
    }
    int kept = 0;
    for (int j = 0; j < count; j++) { // no branches, since none would be predictable
      double excess = bound(j, channels) - threshold;
      index[kept] = whole ? j : index[j];
      ownJoint[kept] = joint[j];
      ownLogScale[kept] = logScale[j];
      ownInverseScale[kept] = inverseScale[j];
      kept += 1 + (int) DoubleLoops.negativeMask(excess);
    }
    count = kept;
    whole = false;
    joint = ownJoint;
    logScale = ownLogScale;
    inverseScale = ownInverseScale;
    return true;
  }

  private double bound(int j, int channels) {
    return joint[j] + channels * (largestLogScale - logScale[j]);
  }

  private void pickMeans(int channel, Components c) {
    if (whole) {
      System.arraycopy(c.means, channel * count, mean, 0, count);
    } else {
      pick(c.means, channel * c.count(), index, mean, count);
    }
  }

  /** The channel's z; NaN if the iteration fails. */
  private double root(double u, double logTail, int channel, Components c, Workspace w) {
    pickMeans(channel, c);
    if (count == 1) {
      w.countInversion(0);
      return mean[0] + u / inverseScale[0];
    }
    if (count <= MixturePools.MOST) {
      w.countInversion(1);
      pools.copy(joint, mean, logScale, count);
      return pools.solve(u);
    }
    pools.pool(weight, mean, inverseScale, count, least[channel], most[channel]);
    double z = pools.solve(u);
    double side = u > 0 ? -1.0 : 1.0;
    for (int step = 1; step <= MOST_STEPS; step++) {
      sums.evaluate(z, side, weight, mean, inverseScale, count);
      double error = Math.log(sums.tail / sum) - logTail;
      double slope = sums.density / sums.tail;
      double newton = error / slope;
      double bend = newton * (sums.slope / sums.density - slope);
      z -= side * newton / Math.max(0.5, Math.min(2.0, 1.0 - 0.5 * bend));
      if (Math.abs(error) <= LAST_STEP && Math.abs(bend) <= LAST_STEP) {
        w.countInversion(step);
        return z;
      }
    }
    return Double.NaN;
  }

  private void tell(MixtureRosenblatt.InverseListener listener, double z, boolean last, double norm) {
    double[] logJoint = weight;
    for (int j = 0; j < count; j++) {
      x[j] = (z - mean[j]) * inverseScale[j];
      logWeight[j] = joint[j] - norm;
      logJoint[j] = logWeight[j] - (logScale[j] + 0.5 * x[j] * x[j]);
    }
    listener.solved(last, count, logWeight, logJoint, x, inverseScale);
  }

  private static void pick(double[] source, int at, int[] index, double[] target, int n) {
    for (int j = 0; j < n; j++) {
      target[j] = source[at + index[j]];
    }
  }

  /** Extends L by the channel's z. */
  private void extend(double z) {
    extend(z, joint, logScale, mean, inverseScale, ownJoint, count);
    joint = ownJoint;
  }

  private static void extend(double z, double[] joint, double[] logScale, double[] mean, double[] inverseScale, double[] next, int n) {
    for (int j = 0; j < n; j++) {
      double x = (z - mean[j]) * inverseScale[j];
      next[j] = joint[j] - (logScale[j] + 0.5 * x * x);
    }
  }
}
