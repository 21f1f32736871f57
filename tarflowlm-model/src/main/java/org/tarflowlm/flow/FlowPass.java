package org.tarflowlm.flow;

import java.util.Arrays;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.kernel.Parallel;

/**
 * Runs one flow with its in-token flows in either direction, for a batch of sequences split among the machine's cores (paper section 3.3).
 * A sequence's result does not depend on the others: it is the same to the last bit in every batch, in a stream and in its own window.
 */
public final class FlowPass {
  private FlowPass() {}

  /**
   * Maps noise to data after known latents.
   *
   * @param sampling acts on the positions that are not known, as far as the flow supports it
   * @param channels D of the flow's positions
   * @param u [batch][positions * D], all of one length, at most the flow's window; not read where z is known
   * @param known [batch][known positions * D], with which z begins
   * @return z, [batch][positions * D]
   */
  public static double[][] inverse(FlowWeights flow, Sampling sampling, int channels, double[][] u, double[][] known) {
    double[][] z = new double[u.length][];
    for (int b = 0; b < u.length; b++) {
      z[b] = Arrays.copyOf(known[b], u[b].length);
    }
    int positions = u[0].length / channels;
    int from = known[0].length / channels;
    Parallel.runParts(u.length, (first, end) -> {
      FlowTransform transform = new FlowTransform(flow, channels, end - first, positions, sampling.filter(), new Workspace());
      transform.filterOnly(from, positions);
      transform.inverse(scaled(u, first, end, sampling), Arrays.copyOfRange(z, first, end), end - first, from, positions, null);
    });
    return z;
  }

  /**
   * Maps data z to the noise u from which {@link #inverse} computes z, given the same arguments.
   *
   * @param z [batch][positions * D], all of one length, at most the flow's window
   * @param known positions at the start on which {@code sampling} does not act
   * @return outputs of the flow and then of each in-token flow, [flows][batch][positions * D]; the last is u
   */
  public static double[][][] forward(FlowWeights flow, Sampling sampling, int channels, double[][] z, int known) {
    double[][][] levels = new double[flow.count()][z.length][z[0].length];
    int positions = z[0].length / channels;
    Parallel.runParts(z.length, (first, end) -> {
      FlowTransform transform = new FlowTransform(flow, channels, 1, positions, sampling.filter(), new Workspace());
      transform.filterOnly(known, positions);
      double[][] own = new double[levels.length][];
      for (int b = first; b < end; b++) {
        for (int k = 0; k < own.length; k++) {
          own[k] = levels[k][b];
        }
        transform.forward(z[b], own);
        for (int i = 0; i < z[b].length && sampling.noiseTemperature() != 1.0; i++) {
          own[own.length - 1][i] /= sampling.noiseTemperature();
        }
      }
    });
    return levels;
  }

  private static double[][] scaled(double[][] u, int first, int end, Sampling sampling) {
    double[][] part = Arrays.copyOfRange(u, first, end);
    for (int b = 0; b < part.length && sampling.noiseTemperature() != 1.0; b++) {
      part[b] = Arrays.stream(part[b]).map(v -> sampling.noiseTemperature() * v).toArray();
    }
    return part;
  }
}
