package org.tarflowlm.coupling.near;

import java.util.Arrays;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.batch.BatchLayout;
import org.tarflowlm.coupling.batch.BatchWorkspace;
import org.tarflowlm.coupling.batch.RowInDouble;
import org.tarflowlm.coupling.batch.ScalarMixtureBatch;

/** Temporaries [K] of the couplings with very many components. Each thread reuses its own instance; arrays grow and never shrink. */
public final class NearWorkspace {
  final NearComponents near = new NearComponents();
  /** The components that can still matter: one entry per channel, and one for after the last. */
  ChannelComponents[] channels = new ChannelComponents[0];
  /** The means of all components, [d][K]. */
  float[][] means = new float[0][];
  /** Whether the last row was abandoned because most components are near. */
  boolean crowded;
  double smallestLogScale;
  double largestLogScale;
  /** Lower bounds of the largest joint log-density after each channel. */
  double[] floor = new double[0];

  float[] steps = new float[0];
  float[] mass = new float[0];
  float[] dMean = new float[0];
  float[] dLogScale = new float[0];
  float[] weights = new float[0];
  int[] index = new int[0];

  /** For sums over components, and for rows that are evaluated with all of them. */
  final BatchWorkspace batch = new BatchWorkspace();
  final RowInDouble inDouble = new RowInDouble();
  private final float[] one = new float[1];
  private long version;

  /** Makes room for K components. */
  void ensure(int k) {
    batch.ensure(1, k, 1);
    if (steps.length < k) {
      steps = new float[k];
      mass = new float[k];
      dMean = new float[k];
      dLogScale = new float[k];
      weights = new float[k];
      index = new int[k];
    }
  }

  /** Loads the components for the channels, unless they are unchanged since the last call. */
  void load(Components c) {
    int k = c.count();
    ensure(k);
    if (version == c.version()) {
      return;
    }
    version = c.version();
    int old = channels.length;
    if (old < c.dims() + 1) {
      channels = Arrays.copyOf(channels, c.dims() + 1);
      for (int i = old; i < channels.length; i++) {
        channels[i] = new ChannelComponents();
      }
      means = Arrays.copyOf(means, c.dims());
      floor = new double[channels.length];
    }
    for (int i = 0; i < c.dims(); i++) {
      means[i] = means[i] != null && means[i].length >= k ? means[i] : new float[k];
      BatchLayout.spread(c.means, i * k, k, 1, means[i]);
    }
    channels[0].fill(c);
    smallestLogScale = Double.POSITIVE_INFINITY;
    largestLogScale = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < k; j++) {
      smallestLogScale = Math.min(smallestLogScale, c.logScales[j]);
      largestLogScale = Math.max(largestLogScale, c.logScales[j]);
    }
  }

  /** Computes tails, quantile and slope of one row's mixture from {@code mass} and {@code weights}, which have a common factor. */
  void quantiles(ScalarMixtureBatch mixture, float factor, int n) {
    mixture.tails(mass, weights, n, 1, batch);
    mixture.tail[0] /= factor;
    mixture.quantiles(1, batch);
  }

  float sum(float[] x, int n) {
    BatchLayout.sum(x, n, 1, one, batch);
    return one[0];
  }

  float max(float[] x, int n) {
    BatchLayout.max(x, n, 1, one, batch);
    return one[0];
  }

  /** Index of the largest of the first n numbers; -1 if one of them is NaN. */
  int indexOfMax(float[] x, int n) {
    float max = max(x, n);
    for (int i = 0; i < n; i++) {
      if (x[i] == max) {
        return i;
      }
    }
    return -1;
  }
}
