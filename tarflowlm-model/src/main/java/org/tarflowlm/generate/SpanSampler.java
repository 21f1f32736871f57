package org.tarflowlm.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Normal;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.flow.FlowTransform;
import org.tarflowlm.flow.FlowWeights;
import org.tarflowlm.flow.KnownLevels;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.flow.TokenFilter;
import org.tarflowlm.generate.parallel.Decoding;
import org.tarflowlm.generate.parallel.ParallelFlows;
import org.tarflowlm.generate.parallel.ParallelSpan;

/**
 * Samples the latents of a span of positions given all others. The span is the end of a continued prompt, a gap to fill in, or a whole
 * text.
 *
 * <p><b>Exact scan.</b> Every flow maps the known positions without reading the span in these cases: all flows read left to right and
 * the span is at the end; all read right to left and the span is at the start; or no position is known. In the first two cases no flow
 * may look ahead. Then each level's known positions are functions of the known latents, and inverting the flows over the span is an exact
 * draw from p(span | rest).
 *
 * <p><b>Approximation.</b> Otherwise some flow reads the span to map known positions, for instance a right-to-left flow above a prompt.
 * The sampler then freezes the known positions' values at the levels above, at a reference. This makes the stack over the span a flow T
 * of its own, with a computable density q(span) = N(T(span)) |det T'|. If the frozen values that the inverses read depend on the span,
 * the sampler draws from q twice with the same noise. The first reference is read from the known text alone, with the span cut out; the
 * second is read from the whole first draw. Under a prompt they do not depend on it if only the last flow reads right to left.
 *
 * <p>Metropolis steps refine this approximate sample. In the coordinates y = T(span), a step proposes y' = r y + sqrt(1 - r^2) e with
 * e ~ N(0, I) (preconditioned Crank-Nicolson; r cycles through 0, 0.5, 0.9, 0.98). It accepts with probability min(1, w'/w), where
 * w = p(rest, span) / q(span). The reference stays fixed, so each step leaves the exact conditional unchanged, and the sample's
 * distribution tends to p(span | rest) with more steps.
 *
 * <p>Filters act on the span's Mix-d weights only. A noise scale other than 1 replaces N(0, I) by N(0, scale^2 I) throughout. An instance
 * serves one thread; it takes several sequences with the same span through the flows together.
 */
public final class SpanSampler {
  private static final double[] CORRELATIONS = {0.0, 0.5, 0.9, 0.98};

  private final StackWeights weights;
  private final TarFlowConfig config;
  /** Number of flows with their own transformer; an in-token flow belongs to one of them. */
  private final int flows;
  private final int positions;
  private final int from;
  private final int to;
  private final double noiseScale;
  private final Workspace workspace = new Workspace();
  private final List<FlowTransform> transforms = new ArrayList<>();
  /** Inputs of every flow, then u; [L + 1][sequence][positions * D]. Known positions hold the reference. */
  private final double[][][] level;
  private final KnownLevels known;
  /** Null to decode one position after another. */
  private final ParallelSpan parallel;
  private final double[] in;
  private final double[] out;

  /**
   * A sampler that decodes one position after another.
   *
   * @param noiseScale standard deviation of the base noise
   * @param sequences sequences drawn together
   * @param positions length of the sequences
   * @param from first position of the span
   * @param to position after the span
   */
  public SpanSampler(StackWeights weights, TokenFilter filter, double noiseScale, int sequences, int positions, int from, int to) {
    this(weights, filter, noiseScale, sequences, positions, from, to, null, Decoding.SEQUENTIAL);
  }

  /**
   * A sampler that may decode in parallel, which needs a single sequence and a model without partial flows.
   *
   * @param parallel what is known about parallel decoding of these flows; null to decode one position after another
   */
  public SpanSampler(StackWeights weights, TokenFilter filter, double noiseScale, int sequences, int positions, int from, int to,
      ParallelFlows parallel, Decoding decoding) {
    this.weights = weights;
    config = weights.config();
    flows = weights.flows().size();
    this.positions = positions;
    this.from = from;
    this.to = to;
    this.noiseScale = noiseScale;
    int length = positions * config.channels();
    boolean byBlocks = parallel != null && decoding != Decoding.SEQUENTIAL && sequences == 1 && !config.hasPartialFlows();
    for (int l = 0; l < flows; l++) {
      FlowTransform transform = byBlocks ? parallel.transform(l, positions, decoding, filter, workspace)
          : new FlowTransform(weights.flows().get(l), config.channels(), sequences, positions, filter, workspace);
      transform.filterOnly(from, to);
      transforms.add(transform);
    }
    level = new double[flows + 1][sequences][length];
    this.parallel = byBlocks ? parallel.span(transforms, level, from, to, decoding, filter, workspace) : null;
    known = KnownLevels.of(config, from > 0, to < positions);
    in = new double[length];
    out = new double[length];
  }

  /** Whether inverting the flows over the span [from, to) is an exact draw. */
  static boolean isExactScan(TarFlowConfig config, int positions, int from, int to) {
    return config.flows().stream().noneMatch(flow -> KnownLevels.reads(flow, to < positions, from > 0));
  }

  /**
   * Draws the span of every sequence.
   *
   * @param z [sequences][positions * D]; reads the known positions and fills the span
   * @param random [sequences], each sequence's source of noise
   * @param refinements number of Metropolis steps if the scan is not exact
   * @param listener receives final positions while the first flow is inverted, or null. It may end the draw, which leaves the rest of the
   *     span undefined. Not called if Metropolis steps follow
   * @return accepted share of the Metropolis steps; 1 if there were none
   * @throws CancellationException if the thread is interrupted between two Metropolis steps
   */
  public double draw(double[][] z, Random[] random, int refinements, FlowTransform.PositionListener listener) {
    for (int b = 0; b < z.length; b++) {
      System.arraycopy(z[b], 0, level[0][b], 0, z[b].length);
      drawNoise(random[b], level[flows][b]);
    }
    boolean exact = isExactScan(config, positions, from, to);
    if (!known.fixed()) {
      readReferenceWithoutSpan();
      solve(null);
    }
    readReference();
    solve(exact || refinements == 0 ? listener : null);
    double accepted = exact || refinements == 0 ? 1.0 : refine(random, refinements);
    for (int b = 0; b < z.length; b++) {
      copySpan(level[0][b], z[b]);
    }
    return accepted;
  }

  /**
   * Computes all levels of one sequence, h^(0) = z to h^(L) = u, with this sampler's filter.
   *
   * @param z [positions * D], span included
   * @return [L + 1][positions * D]
   */
  public double[][] levels(double[] z) {
    double[][] h = new double[config.flows().size() + 1][z.length];
    System.arraycopy(z, 0, h[0], 0, z.length);
    for (int l = 0; l < flows; l++) {
      FlowWeights flow = weights.flows().get(l);
      transforms.get(l).forward(h[flow.index()], Arrays.copyOfRange(h, flow.index() + 1, flow.index() + 1 + flow.count()));
    }
    return h;
  }

  /** Fills the span of every level below the last. */
  private void solve(FlowTransform.PositionListener listener) {
    if (parallel != null) {
      parallel.solve(listener);
      return;
    }
    for (int l = flows - 1; l >= 0; l--) {
      transforms.get(l).inverse(level[l + 1], level[l], level[l].length, from, to, l == 0 ? listener : null);
    }
  }

  private void drawNoise(Random random, double[] u) {
    for (int i = from * config.channels(); i < to * config.channels(); i++) {
      u[i] = noiseScale * random.nextGaussian();
    }
  }

  /** Computes the known positions of the levels above z that are read. Maps the known positions alone if they do not depend on the span. */
  private void readReference() {
    for (int b = 0; b < level[0].length; b++) {
      System.arraycopy(level[0][b], 0, in, 0, in.length);
      for (int l = 0; l < known.highest(); l++) {
        transforms.get(l).forward(in, out, 0, known.fixed() ? from : positions);
        if (known.fixed()) {
          transforms.get(l).forward(in, out, to, positions);
        }
        System.arraycopy(out, 0, in, 0, in.length);
        copyKnown(in, level[l + 1][b]);
      }
    }
  }

  /** Computes the known positions of the levels above z that are read from the known text alone, with the span cut out. */
  private void readReferenceWithoutSpan() {
    int channels = config.channels();
    int left = from * channels;
    int right = in.length - to * channels;
    for (int b = 0; b < level[0].length; b++) {
      double[] shortIn = new double[left + right];
      double[] shortOut = new double[left + right];
      System.arraycopy(level[0][b], 0, shortIn, 0, left);
      System.arraycopy(level[0][b], to * channels, shortIn, left, right);
      for (int l = 0; l < known.highest(); l++) {
        transforms.get(l).forward(shortIn, shortOut);
        System.arraycopy(shortOut, 0, shortIn, 0, shortIn.length);
        System.arraycopy(shortIn, 0, level[l + 1][b], 0, left);
        System.arraycopy(shortIn, left, level[l + 1][b], to * channels, right);
      }
    }
  }

  private double refine(Random[] random, int steps) {
    long accepted = 0;
    double[] logWeight = new double[level[0].length];
    double[][] z = new double[level[0].length][];
    double[][] y = new double[level[0].length][];
    for (int b = 0; b < level[0].length; b++) {
      z[b] = level[0][b].clone();
      y[b] = level[flows][b].clone();
      logWeight[b] = logTarget(b) - logProposal(b);
    }
    for (int step = 0; step < steps; step++) {
      if (Thread.currentThread().isInterrupted()) {
        throw new CancellationException("interrupted after " + step + " of " + steps + " refinements");
      }
      double keep = CORRELATIONS[step % CORRELATIONS.length];
      for (int b = 0; b < level[0].length; b++) {
        propose(y[b], keep, random[b], level[flows][b]);
      }
      solve(null);
      for (int b = 0; b < level[0].length; b++) {
        double proposed = logTarget(b) - logProposal(b);
        if (Math.log(random[b].nextDouble()) < proposed - logWeight[b]) {
          logWeight[b] = proposed;
          copySpan(level[0][b], z[b]);
          copySpan(level[flows][b], y[b]);
          accepted++;
        }
      }
    }
    for (int b = 0; b < level[0].length; b++) {
      copySpan(z[b], level[0][b]);
    }
    return (double) accepted / steps / level[0].length;
  }

  private void propose(double[] y, double keep, Random random, double[] proposal) {
    double fresh = noiseScale * Math.sqrt(1.0 - keep * keep);
    for (int i = from * config.channels(); i < to * config.channels(); i++) {
      proposal[i] = keep * y[i] + fresh * random.nextGaussian();
    }
  }

  /** log p(z) of the proposal in level 0, in nats; the next is its log q(span). */
  private double logTarget(int b) {
    System.arraycopy(level[0][b], 0, in, 0, in.length);
    double total = 0.0;
    for (int l = 0; l < flows; l++) {
      total += transforms.get(l).forward(in, out);
      System.arraycopy(out, 0, in, 0, in.length);
    }
    return total + logBase(in, 0, in.length);
  }

  private double logProposal(int b) {
    double total = logBase(level[flows][b], from * config.channels(), to * config.channels());
    for (int l = 0; l < flows; l++) {
      total += transforms.get(l).forward(level[l][b], out, from, to);
    }
    return total;
  }

  private double logBase(double[] u, int start, int end) {
    double total = 0.0;
    for (int i = start; i < end; i++) {
      total += Normal.logPdf(u[i] / noiseScale);
    }
    return total;
  }

  private void copySpan(double[] source, double[] target) {
    int at = from * config.channels();
    System.arraycopy(source, at, target, at, (to - from) * config.channels());
  }

  private void copyKnown(double[] source, double[] target) {
    int left = from * config.channels();
    int right = to * config.channels();
    System.arraycopy(source, 0, target, 0, left);
    System.arraycopy(source, right, target, right, source.length - right);
  }
}
