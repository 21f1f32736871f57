package org.tarflowlm.flow;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Normal;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.kernel.Parallel;

/**
 * Runs the whole stack of flows on plain arrays, in both directions, for a batch of sequences (paper section 3.3). The batch is split
 * among the machine's cores; a sequence's result does not depend on other sequences.
 *
 * <p>Sequences are [positions * D], with any number of positions from 1 to the model's window. Thread-safe.
 */
public final class StackTransform {
  private final StackWeights weights;

  public StackTransform(StackWeights weights) {
    this.weights = weights;
  }

  /**
   * Result and cost of an inverse pass.
   *
   * @param latents all levels
   * @param rootIterations number of evaluations of a mixture's distribution function, over all root findings
   * @param roots number of scalars found by root finding
   */
  public record Inverse(Latents latents, long rootIterations, long roots) {

    /** Mean number of evaluations per scalar; 0 if the stack has no mixtures. */
    public double meanRootIterations() {
      return roots == 0 ? 0.0 : (double) rootIterations / roots;
    }
  }

  /**
   * Result of a forward pass.
   *
   * @param latents all levels
   * @param logDeterminants [flow][batch], log |det dh^(l+1)/dh^(l)| of each flow and sequence in nats
   * @param logDensity [batch], log p(z) of each sequence in nats
   */
  public record Forward(Latents latents, double[][] logDeterminants, double[] logDensity) {}

  /**
   * Computes z from u = h^(L), inverting flow by flow.
   *
   * @param u [batch][positions * D], not changed
   * @throws IllegalArgumentException if sequences differ in length, exceed the window, or hold a number that is not finite
   */
  public Inverse inverse(double[][] u) {
    int positions = positions("u", u);
    double[][][] h = levels(u, flows());
    LongAdder iterations = new LongAdder();
    LongAdder roots = new LongAdder();
    Parallel.runParts(u.length, (from, to) -> {
      Workspace workspace = new Workspace();
      for (int g = weights.flows().size() - 1; g >= 0; g--) {
        FlowWeights flow = weights.flows().get(g);
        double[][] in = Arrays.copyOfRange(h[flow.index() + flow.count()], from, to);
        double[][] out = Arrays.copyOfRange(h[flow.index()], from, to);
        FlowTransform transform = transform(flow, to - from, positions, workspace);
        transform.inverse(in, out, to - from);
        for (int b = from; b < to && flow.count() > 1; b++) {
          transform.forward(h[flow.index()][b], between(h, flow, b));
        }
      }
      iterations.add(workspace.rootIterations());
      roots.add(workspace.inversions());
    });
    return new Inverse(new Latents(h), iterations.sum(), roots.sum());
  }

  /**
   * Computes u from z, with the density of z.
   *
   * @param z [batch][positions * D], not changed
   * @throws IllegalArgumentException as {@link #inverse}
   */
  public Forward forward(double[][] z) {
    int positions = positions("z", z);
    double[][][] h = levels(z, 0);
    double[][] logDeterminants = new double[flows()][z.length];
    double[] logDensity = new double[z.length];
    Parallel.runParts(z.length, (from, to) -> {
      Workspace workspace = new Workspace();
      List<FlowTransform> transforms =
          weights.flows().stream().map(flow -> transform(flow, 1, positions, workspace)).toList();
      for (int b = from; b < to; b++) {
        for (int g = 0; g < transforms.size(); g++) {
          FlowWeights flow = weights.flows().get(g);
          double[][] outputs = between(h, flow, b);
          outputs[flow.count() - 1] = h[flow.index() + flow.count()][b];
          double[] logDets = transforms.get(g).forward(h[flow.index()][b], outputs);
          for (int k = 0; k < logDets.length; k++) {
            logDeterminants[flow.index() + k][b] = logDets[k];
            logDensity[b] += logDets[k];
          }
        }
        for (double v : h[flows()][b]) {
          logDensity[b] += Normal.logPdf(v);
        }
      }
    });
    return new Forward(new Latents(h), logDeterminants, logDensity);
  }

  /** The weights of the stack. */
  public StackWeights weights() {
    return weights;
  }

  private TarFlowConfig config() {
    return weights.config();
  }

  private int flows() {
    return config().flows().size();
  }

  /** Levels of sequence b between a flow's in-token flows; the last entry is for the last one's output. */
  private static double[][] between(double[][][] h, FlowWeights flow, int b) {
    double[][] outputs = new double[flow.count()][];
    for (int k = 0; k < outputs.length - 1; k++) {
      outputs[k] = h[flow.index() + k + 1][b];
    }
    return outputs;
  }

  private FlowTransform transform(FlowWeights flow, int sequences, int positions, Workspace workspace) {
    return new FlowTransform(flow, config().channels(), sequences, positions, TokenFilter.NONE, workspace);
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

  /**
   * The latents of a batch of sequences at every level of the stack: h^(0) = z, h^(l) = f_l(h^(l-1)), h^(L) = u (paper section 3.3).
   * Every level has its channels in the order of z, even if flows mix channels ({@link HeadWeights#channelOrder(TarFlowConfig, int)}), so
   * every level can be decoded.
   *
   * @param h [L + 1][batch][positions * D]
   */
  public record Latents(double[][][] h) {

    /** Number of flows, L. */
    public int flows() {
      return h.length - 1;
    }

    /** h^(0), which the codebook decodes to text; [batch][positions * D]. */
    public double[][] z() {
      return h[0];
    }

    /** h^(L), the noise; [batch][positions * D]. */
    public double[][] u() {
      return h[h.length - 1];
    }
  }
}
