package org.tarflowlm.generate;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.function.IntConsumer;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.flow.StackInverse;

/** Generates some texts of a batch, on one thread. */
final class FlowRun {
  private final FlowGenerator generator;
  private final TarFlowConfig config;
  private final int[] prompt;
  private final GenerationOptions options;
  private final List<WindowPlan> plan;
  private final TokenListener listener;
  private final StopStrings stops;
  private final Random[] random;
  /** Latents of the current window, [sequence][tokens * d]; between windows, those of the last one. */
  private double[][] z;
  private final int[][] tokens;
  private final int[][][] levels;
  private final double[][][] latents;
  private final int[] lengths;
  /** Tokens of the current patch. */
  private final int[] decoded;
  private final Workspace workspace = new Workspace();
  private final BitSet ended = new BitSet();
  private final boolean throughGraph;
  private boolean exact = true;
  private double accepted;

  /**
   * @param first index of the first text in its batch
   * @param count number of texts
   * @param throughGraph true to invert windows with the generator's {@link StackInverse}, false with the flows' kernels
   */
  FlowRun(FlowGenerator generator, int[] prompt, GenerationOptions options, List<WindowPlan> plan, int first, int count,
      TokenListener listener, boolean throughGraph) {
    this.generator = generator;
    config = generator.config;
    decoded = new int[config.patchSize()];
    this.throughGraph = throughGraph;
    this.prompt = prompt;
    this.options = options;
    this.plan = plan;
    this.listener = listener;
    stops = new StopStrings(options.stopStrings(), options.eosTokenId(), generator.tokenizer);
    random = new Random[count];
    int total = plan.stream().mapToInt(WindowPlan::fresh).sum();
    tokens = new int[count][total];
    levels = new int[count][options.showFlows() ? config.flows().size() + 1 : 0][total];
    latents = new double[count][levels[0].length][total * config.latentDim()];
    lengths = new int[count];
    z = new double[count][];
    for (int b = 0; b < count; b++) {
      random[b] = Prompts.random(options.seed(), first + b);
      z[b] = generator.encoder.encode(prompt, options.seed(), first + b, 0);
    }
  }

  Generation[] all() {
    int done = 0;
    for (WindowPlan window : plan) {
      if (ended.cardinality() < z.length) {
        window(window, done);
      }
      done += window.fresh();
    }
    Generation[] result = new Generation[tokens.length];
    for (int b = 0; b < tokens.length; b++) {
      int[] text = Arrays.copyOf(tokens[b], lengths[b]);
      int[][] flows = levels[b];
      for (int l = 0; l < flows.length; l++) {
        flows[l] = Arrays.copyOf(flows[l], lengths[b]);
        latents[b][l] = Arrays.copyOf(latents[b][l], lengths[b] * config.latentDim());
      }
      result[b] = new Generation(prompt, text, stops.textOf(text), flows, latents[b], exact, accepted / plan.size());
    }
    return result;
  }

  private void window(WindowPlan window, int done) {
    int d = config.latentDim();
    int patch = config.patchSize();
    for (int b = 0; b < z.length; b++) {
      double[] next = new double[window.tokens() * d];
      System.arraycopy(z[b], z[b].length - window.context() * d, next, 0, window.context() * d);
      z[b] = next;
    }
    int from = window.context() / patch;
    int to = window.tokens() / patch;
    exact &= generator.isExact(window);
    if (throughGraph) {
      throughGraph(window, done);
      return;
    }
    SpanSampler sampler = new SpanSampler(generator.weights, options.sampling().filter(), options.noiseTemperature(), z.length, to, from,
        to, options.batchSize() == 1 ? generator.parallel : null, generator.parallel.resolve(options.decoding()));
    boolean streams = config.flows().get(0).direction() == Direction.LEFT_TO_RIGHT;
    boolean live = streams && (generator.isExact(window) || options.refinements() == 0);
    accepted += sampler.draw(z, random, options.refinements(),
        live ? (levelZero, time) -> take(decoded(levelZero, time * patch), done + (time - from) * patch) : null);
    if (!live) {
      for (int t = 0; t < window.fresh() && ended.cardinality() < z.length; t += patch) {
        take(decoded(z, window.context() + t), done + t);
      }
    }
    if (options.showFlows()) {
      readLevels(sampler, window, done);
    }
  }

  private void throughGraph(WindowPlan window, int done) {
    int d = config.latentDim();
    double[][] u = new double[z.length][window.tokens() * d];
    double[][] known = new double[z.length][];
    for (int b = 0; b < z.length; b++) {
      for (int i = window.context() * d; i < u[b].length; i++) {
        u[b][i] = random[b].nextGaussian();
      }
      known[b] = Arrays.copyOf(z[b], window.context() * d);
    }
    StackInverse.Window found = generator.graph.inverse(options.sampling(), u, known);
    z = found.z();
    accepted++;
    for (int t = 0; t < window.fresh() && ended.cardinality() < z.length; t += decoded.length) {
      int at = window.context() + t;
      take(b -> System.arraycopy(found.tokens()[b], at, decoded, 0, decoded.length), done + t);
    }
    if (options.showFlows()) {
      int to = window.tokens() / config.patchSize();
      readLevels(new SpanSampler(generator.weights, options.sampling().filter(), options.noiseTemperature(), 1, to,
          window.context() / config.patchSize(), to), window, done);
    }
  }

  /** Returns what decodes, for a given sequence, the patch that starts at a token of the window. */
  private IntConsumer decoded(double[][] latents, int windowToken) {
    return b -> generator.decoder.decode(latents[b], windowToken, decoded, workspace);
  }

  /**
   * Takes a final patch of every sequence that has not ended.
   *
   * @param decode decodes the patch of a given sequence
   * @return whether any text continues
   */
  private boolean take(IntConsumer decode, int at) {
    for (int b = 0; b < z.length; b++) {
      if (!ended.get(b)) {
        decode.accept(b);
        int kept = keep(b, at);
        lengths[b] = at + kept;
        ended.set(b, ended.get(b) || lengths[b] == options.maxNewTokens());
        int[] heard = stops.heard(decoded, kept);
        if (listener != null && heard.length > 0) {
          listener.accept(heard);
        }
      }
    }
    return ended.cardinality() < z.length;
  }

  /** Stores the patch's tokens until the text ends or is long enough; returns how many it stored. */
  private int keep(int b, int at) {
    for (int i = 0; i < decoded.length; i++) {
      if (at + i == options.maxNewTokens()) {
        return i;
      }
      tokens[b][at + i] = decoded[i];
      if (stops.endAt(tokens[b], 0, at + i + 1)) {
        ended.set(b);
        return i + 1;
      }
    }
    return decoded.length;
  }

  private void readLevels(SpanSampler sampler, WindowPlan window, int done) {
    for (int b = 0; b < z.length; b++) {
      double[][] h = sampler.levels(z[b]);
      for (int l = 0; l < h.length; l++) {
        int[] decoded = generator.decoder.decodeLevel(l, h[l], window.context(), window.fresh());
        System.arraycopy(decoded, 0, levels[b][l], done, decoded.length);
        int d = config.latentDim();
        System.arraycopy(h[l], window.context() * d, latents[b][l], done * d, decoded.length * d);
      }
    }
  }
}
