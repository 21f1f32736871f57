package org.tarflowlm.inverse;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Normal;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.kernel.Parallel;

/**
 * The whole stack of flows on plain arrays, in both directions, for a batch of sequences (paper section 3.3). The batch is split
 * among the machine's cores; a sequence's result does not depend on the others.
 *
 * <p>Sequences are [positions * D] with any number of positions from 1 to the model's window. May be used by many threads.
 */
public final class StackTransform {
  private final StackWeights weights;
  private final TokenFilter filter;

  public StackTransform(StackWeights weights) {
    this(weights, TokenFilter.NONE);
  }

  /** A stack whose Mix-d weights are reshaped by the filter: another density, used for sampling. */
  StackTransform(StackWeights weights, TokenFilter filter) {
    this.weights = weights;
    this.filter = filter;
  }

  /**
   * What an inverse pass found and what it cost.
   *
   * @param latents all levels
   * @param rootIterations evaluations of a mixture's distribution function in all root findings
   * @param roots scalars found by root finding
   */
  public record Inverse(StackLatents latents, long rootIterations, long roots) {

    /** Mean evaluations a scalar; 0 if the stack has no mixtures. */
    public double meanRootIterations() {
      return roots == 0 ? 0.0 : (double) rootIterations / roots;
    }
  }

  /**
   * What a forward pass found.
   *
   * @param latents all levels
   * @param logDeterminants [flow][batch], log |det dh^(l+1)/dh^(l)| of each flow and sequence in nats
   * @param logDensity [batch], log p(z) of each sequence in nats
   */
  public record Forward(StackLatents latents, double[][] logDeterminants, double[] logDensity) {}

  /**
   * u to z: h^(L) = u is inverted flow by flow.
   *
   * @param u [batch][positions * D], not changed
   * @throws IllegalArgumentException if sequences differ in length, exceed the window, or hold a number that is not finite
   */
  public Inverse inverse(double[][] u) {
    int positions = positions("u", u);
    double[][][] h = levels(u, flows());
    LongAdder iterations = new LongAdder();
    LongAdder roots = new LongAdder();
    int tasks = Math.min(Parallel.threads(), u.length);
    Parallel.run(tasks, task -> {
      int from = (int) ((long) u.length * task / tasks);
      int to = (int) ((long) u.length * (task + 1) / tasks);
      Workspace workspace = new Workspace();
      for (int l = flows() - 1; l >= 0; l--) {
        double[][] in = new double[to - from][];
        double[][] out = new double[to - from][];
        for (int b = from; b < to; b++) {
          in[b - from] = h[l + 1][b];
          out[b - from] = h[l][b];
        }
        transform(l, to - from, positions, workspace).inverse(in, out, to - from);
      }
      iterations.add(workspace.newtonIterations());
      roots.add(workspace.inversions());
    });
    return new Inverse(new StackLatents(h), iterations.sum(), roots.sum());
  }

  /**
   * z to u, with the density of z.
   *
   * @param z [batch][positions * D], not changed
   * @throws IllegalArgumentException as {@link #inverse}
   */
  public Forward forward(double[][] z) {
    int positions = positions("z", z);
    double[][][] h = levels(z, 0);
    double[][] logDeterminants = new double[flows()][z.length];
    double[] logDensity = new double[z.length];
    int tasks = Math.min(Parallel.threads(), z.length);
    Parallel.run(tasks, task -> {
      Workspace workspace = new Workspace();
      List<FlowTransform> transforms = new ArrayList<>();
      for (int l = 0; l < flows(); l++) {
        transforms.add(transform(l, 1, positions, workspace));
      }
      for (int b = (int) ((long) z.length * task / tasks); b < (int) ((long) z.length * (task + 1) / tasks); b++) {
        for (int l = 0; l < flows(); l++) {
          logDeterminants[l][b] = transforms.get(l).forward(h[l][b], h[l + 1][b]);
          logDensity[b] += logDeterminants[l][b];
        }
        for (double v : h[flows()][b]) {
          logDensity[b] += Normal.logPdf(v);
        }
      }
    });
    return new Forward(new StackLatents(h), logDeterminants, logDensity);
  }

  /** The weights of the stack. */
  public StackWeights weights() {
    return weights;
  }

  private TarFlowConfig config() {
    return weights.config();
  }

  private int flows() {
    return weights.flows().size();
  }

  private FlowTransform transform(int l, int sequences, int positions, Workspace workspace) {
    return new FlowTransform(weights.flows().get(l), config().channels(), sequences, positions, filter, workspace);
  }

  private double[][][] levels(double[][] known, int level) {
    double[][][] h = new double[flows() + 1][known.length][known.length == 0 ? 0 : known[0].length];
    for (int b = 0; b < known.length; b++) {
      h[level][b] = known[b].clone();
    }
    return h;
  }

  private int positions(String name, double[][] sequences) {
    int channels = config().channels();
    int length = sequences.length == 0 ? 0 : sequences[0].length;
    if (length == 0 || length % channels != 0 || length / channels > config().positions()) {
      throw new IllegalArgumentException(name + ": expected sequences of " + channels + " to " + channels * config().positions()
          + " numbers, a multiple of " + channels + "; found " + (sequences.length == 0 ? "no sequence" : length + " numbers"));
    }
    for (int b = 0; b < sequences.length; b++) {
      if (sequences[b].length != length) {
        throw new IllegalArgumentException(name + "[" + b + "] has " + sequences[b].length + " numbers; expected " + length + " as in "
            + name + "[0]");
      }
      for (int i = 0; i < length; i++) {
        if (!Double.isFinite(sequences[b][i])) {
          throw new IllegalArgumentException(name + "[" + b + "][" + i + "] is " + sequences[b][i] + "; expected a finite number");
        }
      }
    }
    return length / channels;
  }
}
