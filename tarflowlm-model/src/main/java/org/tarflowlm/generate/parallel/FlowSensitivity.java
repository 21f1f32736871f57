package org.tarflowlm.generate.parallel;

import java.util.Random;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.flow.FlowOrder;
import org.tarflowlm.flow.FlowTransform;
import org.tarflowlm.flow.FlowWeights;
import org.tarflowlm.flow.TokenFilter;

/**
 * How strongly the output of a flow's inverse depends on the earlier outputs that it reads. The measurement computes all positions of a
 * sequence of noise at once, and reads the noise in place of the earlier outputs. Later flows of a stack change little, so their errors
 * are small.
 *
 * @param error largest error of a number computed in this way
 * @param factor largest ratio of a position's error to the largest error that it read
 */
public record FlowSensitivity(double error, double factor) {
  private static final int MOST_POSITIONS = 128;
  private static final long SEED = 1;

  /** Measures a flow on standard normal noise, at {@code window} positions or fewer. */
  public static FlowSensitivity of(FlowWeights flow, int channels, int window) {
    int positions = Math.min(MOST_POSITIONS, window);
    FlowTransform transform = new FlowTransform(flow, channels, 1, positions, TokenFilter.NONE, new Workspace());
    Random random = new Random(SEED);
    double[] u = new double[positions * channels];
    for (int i = 0; i < u.length; i++) {
      u[i] = random.nextGaussian();
    }
    double[][] z = new double[1][u.length];
    transform.inverse(new double[][] {u}, z, 1);
    double[] computed = new double[u.length];
    transform.sweep(u, u, computed);
    FlowOrder order = new FlowOrder(flow.leftToRight(), positions);
    double read = 0.0;
    double error = 0.0;
    double factor = 0.0;
    for (int i = 0; i < positions; i++) {
      int at = order.time(i) * channels;
      double own = distance(computed, z[0], at, channels);
      error = Math.max(error, own);
      factor = read > 0 ? Math.max(factor, own / read) : factor;
      read = Math.max(read, distance(u, z[0], at, channels));
    }
    return new FlowSensitivity(error, factor);
  }

  private static double distance(double[] x, double[] y, int at, int count) {
    double largest = 0.0;
    for (int i = at; i < at + count; i++) {
      largest = Math.max(largest, Math.abs(x[i] - y[i]));
    }
    return largest;
  }
}
