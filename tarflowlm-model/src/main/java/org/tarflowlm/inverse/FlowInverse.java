package org.tarflowlm.inverse;

import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.kernel.Parallel;

/** The inverse of a single flow, u to z, for a batch of sequences split among the machine's cores. */
public final class FlowInverse {
  private FlowInverse() {}

  /**
   * Inverts a flow.
   *
   * @param channels D of the flow's positions
   * @param u [batch][positions * D], all of one length, at most the flow's window
   * @return z of the same shape
   */
  public static double[][] run(FlowWeights flow, int channels, double[][] u) {
    double[][] z = new double[u.length][];
    int tasks = Math.min(Parallel.threads(), u.length);
    Parallel.run(tasks, task -> {
      int from = (int) ((long) u.length * task / tasks);
      int to = (int) ((long) u.length * (task + 1) / tasks);
      double[][] in = new double[to - from][];
      double[][] out = new double[to - from][u[0].length];
      System.arraycopy(u, from, in, 0, to - from);
      new FlowTransform(flow, channels, to - from, u[0].length / channels, TokenFilter.NONE, new Workspace())
          .inverse(in, out, to - from);
      System.arraycopy(out, 0, z, from, to - from);
    });
    return z;
  }
}
