package org.tarflowlm.inverse;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.kernel.Parallel;

/**
 * Text from a flow model: base noise through the inverse of the stack, decoded by the codebook. May be used by many threads.
 *
 * <p>A prompt is encoded as the model encodes text, z = mu + sigma * noise, and held fixed; {@link SpanSampler} says when the
 * continuation is an exact sample given these latents and when it is an approximation. Texts longer than the window slide
 * ({@link WindowPlan}), with the carried latents as the next window's prompt. A window shorter than the model's is treated as
 * the model of that many positions.
 */
public final class FlowGenerator {
  private final StackWeights weights;
  private final TarFlowConfig config;
  private final Tokenizer tokenizer;
  private final LatentDecoder decoder;
  private final ParallelFlows parallel;

  public FlowGenerator(StackWeights weights, Tokenizer tokenizer) {
    this(weights, tokenizer, () -> NGramTable.empty(weights.config().vocabSize()));
  }

  /**
   * The same with n-grams to begin with, from which parallel decoding guesses; they have no say in what is generated.
   *
   * @param ngrams asked for once, if needed
   */
  public FlowGenerator(StackWeights weights, Tokenizer tokenizer, Supplier<NGramTable> ngrams) {
    this(weights, tokenizer, ngrams, 0);
  }

  /**
   * The same with blocks of another size in parallel decoding, which change its speed and nothing else.
   *
   * @param block positions of a block, 1 to 32; 0 for what suits the flow and the machine
   */
  public FlowGenerator(StackWeights weights, Tokenizer tokenizer, Supplier<NGramTable> ngrams, int block) {
    if (block < 0 || block > FlowTransform.GROUP) {
      throw new IllegalArgumentException("block is " + block + "; expected 0 to " + FlowTransform.GROUP);
    }
    parallel = new ParallelFlows(weights, ngrams, block, ParallelFlows.TOLERANCE);
    this.weights = weights;
    this.tokenizer = tokenizer;
    config = weights.config();
    decoder = new LatentDecoder(weights.codebook());
  }

  /**
   * Generates {@code options.batchSize()} texts.
   *
   * @param prompt token ids; empty for texts from nothing
   * @param listener hears the tokens of the only text, or null; needs batchSize 1. If the first flow reads left to right, tokens come
   *     patch by patch while it is inverted, else window by window
   * @throws IllegalArgumentException if the prompt holds unknown tokens or is shorter than a patch, but not empty
   */
  public List<Generation> generate(int[] prompt, GenerationOptions options, TokenListener listener) {
    Prompts.requireListenable(options, listener);
    Prompts.requireTokens(prompt, config.vocabSize());
    List<WindowPlan> plan = WindowPlan.of(prompt.length, options.maxNewTokens(), config.contextLength(), config.patchSize());
    int batch = options.batchSize();
    Generation[] result = new Generation[batch];
    int tasks = Math.min(Parallel.threads(), batch);
    Parallel.run(tasks, task -> {
      int from = (int) ((long) batch * task / tasks);
      int to = (int) ((long) batch * (task + 1) / tasks);
      Generation[] part = new Run(prompt, options, plan, from, to - from, listener).all();
      System.arraycopy(part, 0, result, from, part.length);
    });
    return List.of(result);
  }

  /**
   * Fills the gap between two texts, {@code options.batchSize()} times. Of the options, maxNewTokens and stopStrings are not used.
   * With flows that read left to right from the gap into the right text this is never an exact scan: {@link SpanSampler} says what the
   * sample is, and {@code options.refinements()} is what makes it follow the right text.
   *
   * @param left known tokens before the gap; its first ones are not read if it holds no whole number of patches
   * @param gap tokens to fill in, whole patches
   * @param right known tokens after the gap; its last ones are not read if it holds no whole number of patches
   * @throws IllegalArgumentException if the gap is empty or no whole number of patches, the texts do not fit the window, or a token is
   *     unknown
   */
  public List<Generation> infill(int[] left, int gap, int[] right, GenerationOptions options) {
    Prompts.requireTokens(left, config.vocabSize());
    Prompts.requireTokens(right, config.vocabSize());
    int patch = config.patchSize();
    if (gap < 1 || gap % patch != 0) {
      throw new IllegalArgumentException("the gap has " + gap + " tokens; expected at least 1, in patches of " + patch);
    }
    int[] before = Arrays.copyOfRange(left, left.length % patch, left.length);
    int[] after = Arrays.copyOf(right, right.length - right.length % patch);
    int total = before.length + gap + after.length;
    if (total > config.contextLength()) {
      throw new IllegalArgumentException("the texts and the gap have " + total + " tokens; the window has " + config.contextLength());
    }
    Generation[] result = new Generation[options.batchSize()];
    Parallel.run(result.length, b -> result[b] = infill(left, before, gap, after, options, Prompts.random(options.seed(), b)));
    return List.of(result);
  }

  private Generation infill(int[] prompt, int[] before, int gap, int[] after, GenerationOptions options, Random random) {
    int d = config.latentDim();
    int patch = config.patchSize();
    double[] known = encode(before, random);
    double[] z = Arrays.copyOf(known, known.length + (gap + after.length) * d);
    System.arraycopy(encode(after, random), 0, z, known.length + gap * d, after.length * d);
    int from = before.length / patch;
    int to = from + gap / patch;
    int positions = to + after.length / patch;
    SpanSampler sampler = new SpanSampler(weights, options.tokenFilter(), options.noiseTemperature(), 1, positions, from, to);
    double accepted = sampler.draw(new double[][] {z}, new Random[] {random}, options.refinements(), null);
    int[] tokens = decoder.decode(z, before.length, gap);
    int[][] levels = new int[options.showFlows() ? config.flows().size() + 1 : 0][];
    double[][] latents = new double[levels.length][];
    if (options.showFlows()) {
      double[][] h = sampler.levels(z);
      Arrays.setAll(levels, l -> decoder.decode(h[l], before.length, gap));
      Arrays.setAll(latents, l -> Arrays.copyOfRange(h[l], before.length * d, (before.length + gap) * d));
    }
    boolean exact = SpanSampler.isExactScan(config, positions, from, to);
    return new Generation(prompt, tokens, tokenizer.decode(tokens), levels, latents, exact, accepted);
  }

  /** Of every flow with a transformer of its own, the positions that a pass of parallel decoding settled on average in all that was generated; NaN without a pass. */
  public List<Double> positionsPerPass() {
    return parallel.paces().stream().map(DecodingPace::positionsPerPass).toList();
  }

  /** Some texts of a batch, on one thread. */
  private final class Run {
    private final int[] prompt;
    private final GenerationOptions options;
    private final List<WindowPlan> plan;
    private final TokenListener listener;
    private final StopStrings stops;
    private final Random[] random;
    /** Latents of the present window; the carried ones of the last. */
    private double[][] z;
    private final int[][] tokens;
    private final int[][][] levels;
    private final double[][][] latents;
    private final int[] lengths;
    /** Tokens of the patch at hand. */
    private final int[] decoded = new int[config.patchSize()];
    private final Workspace workspace = new Workspace();
    private final boolean[] ended;
    private boolean exact = true;
    private double accepted;

    Run(int[] prompt, GenerationOptions options, List<WindowPlan> plan, int first, int count, TokenListener listener) {
      this.prompt = prompt;
      this.options = options;
      this.plan = plan;
      this.listener = listener;
      stops = new StopStrings(options.stopStrings(), tokenizer);
      random = new Random[count];
      int total = plan.stream().mapToInt(WindowPlan::fresh).sum();
      tokens = new int[count][total];
      levels = new int[count][options.showFlows() ? config.flows().size() + 1 : 0][total];
      latents = new double[count][levels[0].length][total * config.latentDim()];
      lengths = new int[count];
      ended = new boolean[count];
      z = new double[count][];
      for (int b = 0; b < count; b++) {
        random[b] = Prompts.random(options.seed(), first + b);
        z[b] = encode(prompt, random[b]);
      }
    }

    Generation[] all() {
      int done = 0;
      for (WindowPlan window : plan) {
        if (!allEnded()) {
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
      SpanSampler sampler = new SpanSampler(weights, options.tokenFilter(), options.noiseTemperature(), z.length, to, from, to,
          options.batchSize() == 1 ? parallel : null, options.decoding());
      boolean streams = config.flows().get(0).direction() == Direction.LEFT_TO_RIGHT;
      boolean isExact = SpanSampler.isExactScan(config, to, from, to);
      boolean live = streams && (isExact || options.refinements() == 0);
      exact &= isExact;
      accepted += sampler.draw(z, random, options.refinements(),
          live ? (levelZero, time) -> take(levelZero, time * patch, done + (time - from) * patch) : null);
      if (!live) {
        for (int t = 0; t < window.fresh() && !allEnded(); t += patch) {
          take(z, window.context() + t, done + t);
        }
      }
      if (options.showFlows()) {
        readLevels(sampler, window, done);
      }
    }

    /** Tokens of a patch are final; returns whether any text goes on. */
    private boolean take(double[][] latents, int windowToken, int at) {
      for (int b = 0; b < latents.length; b++) {
        if (!ended[b]) {
          decoder.decode(latents[b], windowToken, decoded, workspace);
          int kept = keep(b, at);
          lengths[b] = at + kept;
          ended[b] |= lengths[b] == options.maxNewTokens();
          if (listener != null && kept > 0) {
            listener.accept(Arrays.copyOf(decoded, kept));
          }
        }
      }
      return !allEnded();
    }

    /** Stores tokens until a stop string is complete or enough are there; returns how many. */
    private int keep(int b, int at) {
      for (int i = 0; i < decoded.length; i++) {
        if (at + i == options.maxNewTokens()) {
          return i;
        }
        tokens[b][at + i] = decoded[i];
        if (stops.endAt(tokens[b], 0, at + i + 1)) {
          ended[b] = true;
          return i + 1;
        }
      }
      return decoded.length;
    }

    private void readLevels(SpanSampler sampler, WindowPlan window, int done) {
      for (int b = 0; b < z.length; b++) {
        double[][] h = sampler.levels(z[b]);
        for (int l = 0; l < h.length; l++) {
          int[] decoded = decoder.decode(h[l], window.context(), window.fresh());
          System.arraycopy(decoded, 0, levels[b][l], done, decoded.length);
          int d = config.latentDim();
          System.arraycopy(h[l], window.context() * d, latents[b][l], done * d, decoded.length * d);
        }
      }
    }

    private boolean allEnded() {
      for (boolean each : ended) {
        if (!each) {
          return false;
        }
      }
      return true;
    }
  }

  private double[] encode(int[] text, Random random) {
    int d = config.latentDim();
    double[] z = new double[text.length * d];
    double[] noise = new double[d];
    for (int t = 0; t < text.length; t++) {
      for (int i = 0; i < d; i++) {
        noise[i] = random.nextGaussian();
      }
      Codebook.encode(text[t], noise, 0, weights.codebook(), z, t * d);
    }
    return z;
  }
}
