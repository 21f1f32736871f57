package org.tarflowlm.coupling.near;

import java.util.Arrays;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.Normal;
import org.tarflowlm.coupling.batch.MixtureRosenblattBatch;
import org.tarflowlm.coupling.batch.ScalarMixtureBatch;
import org.tarflowlm.vector.FloatLoops;
import org.tarflowlm.vector.FloatMath;

/**
 * {@link MixtureRosenblatt} with very many components, most of which are far away: each row uses only the few that are near it. Arguments
 * as in {@link MixtureRosenblattBatch}.
 *
 * <p>Channel i keeps the components that can still matter to it, given the channels before: the first keeps all, and each later one keeps
 * a subset of its predecessor's. With
 *
 * <pre>
 *   L_ik = logits_k + sum_{h &lt;= i} (-log s_k - x_hk^2 / 2)     is at most     L_jk - (i - j) log s_k     for j &lt; i
 * </pre>
 *
 * channel j drops a component for good if even this bound stays below {@code max_k L_ik - gap} for i = j and every later i. A component
 * that is far off in one channel but the only near one in later channels is therefore kept. The maxima are not known in advance, so
 * lower bounds replace them: the L of components that are near at the end or have been the nearest so far. The gap is such that all
 * dropped components together contribute at most e^-25 of a density and a millionth of a tail.
 */
public final class MixtureRosenblattNear {
  /**
   * Components whose weight is below e^-digits of the largest are left out. The second value applies if a tail is so small that they
   * might matter.
   */
  private static final int[] DIGITS = {25, 55};
  /** Largest share of a tail that dropped components may hold. */
  private static final double SHARE = 1e-6;
  /** If more than this share of all components survives the second channel, picking out near ones does not pay. */
  private static final float CROWD = 0.98f;
  private static final float SMALLEST = 1e-30f;
  private static final float LARGEST = 1e30f;

  private MixtureRosenblattNear() {}

  /** Fills u and logDet. */
  public static void forward(float[] z, float[] logits, int n, Components c, float[] u, float[] logDet, NearWorkspace w) {
    int dims = c.dims();
    for (int row = 0; row < n; row++) {
      if (evaluate(z, logits, row, n, c, w)) {
        double half = 0;
        for (int i = 0; i < dims; i++) {
          float ui = w.channels[i].mixture.u[0];
          u[row * dims + i] = ui;
          half += 0.5 * ui * ui;
        }
        logDet[row] = (float) (w.channels[dims].logSum - w.channels[0].logSum + half);
      } else if (w.crowded) {
        MixtureRosenblattBatch.forward(z, logits, row, row + 1, c, u, logDet, w.batch);
      } else {
        w.inDouble.forward(z, logits, row, c, u, logDet);
      }
    }
  }

  /** Fills logDensity. */
  public static void logDensity(float[] z, float[] logits, int n, Components c, float[] logDensity, NearWorkspace w) {
    double norm = c.dims() * Normal.LOG_SQRT_2PI;
    for (int row = 0; row < n; row++) {
      if (near(z, logits, row, n, c, w)) {
        logDensity[row] = (float) (w.near.logSum - softmax(logits, row * c.count(), c.count(), w) - norm);
      } else {
        w.inDouble.logDensity(z, logits, row, c, logDensity);
      }
    }
  }

  /** Gradient of sum(a u) + sum(b logDet): fills dz and dLogits, adds to dMeans and dLogScales. */
  public static void gradient(float[] z, float[] logits, int n, Components c, float[] a, float[] b, float[] dz, float[] dLogits,
      double[] dMeans, double[] dLogScales, NearWorkspace w) {
    for (int row = 0; row < n; row++) {
      if (evaluate(z, logits, row, n, c, w)) {
        backward(row, c, a, b[row], dz, dLogits, dMeans, dLogScales, w);
      } else if (w.crowded) {
        MixtureRosenblattBatch.gradient(z, logits, row, row + 1, c, a, b, dz, dLogits, dMeans, dLogScales, w.batch);
      } else {
        w.inDouble.gradient(z, logits, row, c, a, b, dz, dLogits, dMeans, dLogScales);
      }
    }
  }

  private static void backward(int row, Components c, float[] a, float b, float[] dz, float[] dLogits, double[] dMeans,
      double[] dLogScales, NearWorkspace w) {
    int dims = c.dims();
    int k = c.count();
    ChannelComponents last = w.channels[dims];
    for (int j = 0; j < last.count; j++) {
      last.adjoint[j] = b * last.mixture.weight[j];
    }
    for (int i = dims - 1; i >= 0; i--) {
      float g = a[row * dims + i] + b * w.channels[i].mixture.u[0];
      dz[row * dims + i] = (float) -w.channels[i].backward(g, w.channels[i + 1], dMeans, i * k, dLogScales, w);
    }
    subtractScaled(w.channels[0].adjoint, b, w.channels[0].mixture.weight, k);
    System.arraycopy(w.channels[0].adjoint, 0, dLogits, row * k, k);
  }

  /** Gradient of sum(b logDensity), written to the same arrays. */
  public static void logDensityGradient(float[] z, float[] logits, int n, Components c, float[] b, float[] dz, float[] dLogits,
      double[] dMeans, double[] dLogScales, NearWorkspace w) {
    int k = c.count();
    for (int row = 0; row < n; row++) {
      if (!near(z, logits, row, n, c, w)) {
        w.inDouble.logDensityGradient(z, logits, row, c, b, dz, dLogits, dMeans, dLogScales);
        continue;
      }
      w.near.gradient(b[row], z, row * c.dims(), dz, dMeans, dLogScales);
      softmax(logits, row * k, k, w);
      FloatLoops.scale(w.weights, 0, k, -b[row]);
      System.arraycopy(w.weights, 0, dLogits, row * k, k);
      for (int j = 0; j < w.near.count; j++) {
        dLogits[row * k + w.near.component[j]] += (float) (b[row] * w.near.weight[j]);
      }
    }
  }

  private static boolean near(float[] z, float[] logits, int row, int n, Components c, NearWorkspace w) {
    w.ensure(c.count());
    return w.near.evaluate(w.near.load(z, logits, row, n, c), z, row * c.dims(), logits, row * c.count(), w);
  }

  /** Writes the softmax of k logits to {@code weights}; returns the log of the sum of their exponentials. */
  private static double softmax(float[] logits, int at, int k, NearWorkspace w) {
    System.arraycopy(logits, at, w.weights, 0, k);
    float max = w.max(w.weights, k);
    FloatLoops.subtract(w.weights, 0, k, max);
    FloatMath.exp(w.weights, w.weights, w.steps, k);
    float sum = w.sum(w.weights, k);
    FloatLoops.scale(w.weights, 0, k, 1f / sum);
    return max + Math.log(sum);
  }

  private static void subtractScaled(float[] x, float factor, float[] y, int n) {
    for (int j = 0; j < n; j++) {
      x[j] -= factor * y[j];
    }
  }

  /**
   * Evaluates all channels of a row. Returns false if single precision does not suffice or if most components are near; in the latter case
   * the other rows of its block are not tried.
   */
  private static boolean evaluate(float[] z, float[] logits, int row, int n, Components c, NearWorkspace w) {
    w.load(c);
    int inBlock = w.near.load(z, logits, row, n, c);
    if (inBlock != 0 && w.crowded) {
      return false;
    }
    w.crowded = false;
    int nearest = w.near.nearest(inBlock, w);
    if (nearest < 0) {
      return false;
    }
    int k = c.count();
    int zAt = row * c.dims();
    ChannelComponents all = w.channels[0];
    System.arraycopy(logits, row * k, all.joint, 0, k);
    all.weigh(0, w);
    all.standardize(z[zAt], w.means[0]);
    for (int digits : DIGITS) {
      double gap = NearComponents.gap(k, digits);
      select(z, zAt, logits[row * k + nearest], nearest, gap, c, w);
      if (w.crowded) {
        return false;
      }
      if (map(k * Math.exp(-gap) / SHARE, c.dims(), w)) {
        return true;
      }
    }
    return false;
  }

  /** Selects the components of every channel after the first. */
  private static void select(float[] z, int zAt, float logit, int nearest, double gap, Components c, NearWorkspace w) {
    int dims = c.dims();
    Arrays.fill(w.floor, Double.NEGATIVE_INFINITY);
    raise(nearest, 0, logit, z, zAt, c, w);
    for (int i = 0; i < dims; i++) {
      ChannelComponents channel = w.channels[i];
      ChannelComponents next = w.channels[i + 1];
      keep(i, gap, dims, w);
      if (i == 1 && next.count > CROWD * c.count()) {
        w.crowded = true;
        return;
      }
      int best = next.weigh(channel.largest, w);
      if (i + 1 < dims) {
        raise(next.component[best], i + 1, next.largest, z, zAt, c, w);
        next.standardize(z[zAt + i + 1], w.means[i + 1]);
      }
    }
  }

  /** Raises the lower bounds of the largest L to one component's L, which is {@code joint} before channel {@code from}. */
  private static void raise(int component, int from, double joint, float[] z, int zAt, Components c, NearWorkspace w) {
    double value = joint;
    for (int i = from; i <= c.dims(); i++) {
      w.floor[i] = Math.max(w.floor[i], value);
      if (i < c.dims()) {
        double x = (z[zAt + i] - c.means[i * c.count() + component]) * c.inverseScales[component];
        value -= c.logScales[component] + 0.5 * x * x;
      }
    }
  }

  /**
   * Selects the components of channel i + 1 from those of channel i. The L that a component needs to matter, now or later, is a minimum of
   * straight lines in log s_k, hence concave; its chord lies below it and serves as the threshold.
   */
  private static void keep(int i, double gap, int dims, NearWorkspace w) {
    double atSmallest = least(i + 1, dims, w.smallestLogScale, w);
    double atLargest = least(i + 1, dims, w.largestLogScale, w);
    double width = w.largestLogScale - w.smallestLogScale;
    double slope = width > 0 ? (atLargest - atSmallest) / width : 0;
    float least = (float) (atSmallest - slope * w.smallestLogScale - gap - w.channels[i].largest);
    w.channels[i].keep(least, (float) slope, w.channels[i + 1], w);
  }

  private static double least(int from, int dims, double logScale, NearWorkspace w) {
    double bound = Double.POSITIVE_INFINITY;
    for (int i = from; i <= dims; i++) {
      bound = Math.min(bound, w.floor[i] + (i - from) * logScale);
    }
    return bound;
  }

  /** Computes u of every channel; returns false if dropped components or the limits of single precision might matter. */
  private static boolean map(double smallestTail, int dims, NearWorkspace w) {
    for (int i = 0; i < dims; i++) {
      ChannelComponents channel = w.channels[i];
      ScalarMixtureBatch m = channel.mixture;
      channel.map(w.channels[i + 1], w);
      if (!(m.tail[0] * channel.sum > smallestTail && m.slope[0] > SMALLEST && m.slope[0] < LARGEST)) {
        return false;
      }
    }
    return true;
  }
}
