package org.tarflowlm.generate;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.flow.FlowTransform;
import org.tarflowlm.flow.LatentDecoder;
import org.tarflowlm.flow.LatentEncoder;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.flow.StackInverse;
import org.tarflowlm.flow.StackTransform;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.generate.parallel.DecodingSpeed;
import org.tarflowlm.generate.parallel.NGramTable;
import org.tarflowlm.generate.parallel.ParallelFlows;
import org.tarflowlm.kernel.Parallel;

/**
 * Generates text from a flow model: draws base noise, inverts the stack, and decodes the latents with the codebook. Many threads may
 * share an instance.
 *
 * <p>A prompt is encoded as the model encodes text, z = mu + sigma * noise, and its latents stay fixed. {@link SpanSampler} says when
 * the continuation is an exact sample given these latents, and when it is an approximation. A text longer than the window is generated
 * window by window ({@link WindowPlan}); the latents carried over are the next window's prompt. A window shorter than the model's is
 * treated as a model of that many positions.
 *
 * <p>A {@link StackInverse} inverts whole windows, all texts of a batch together. It serves only where no token is needed before its
 * window is complete. Streams, stop strings, refinements and parallel decoding call the flows' kernels directly, with the same bits.
 */
public final class FlowGenerator implements TextGenerator {
  final StackWeights weights;
  final TarFlowConfig config;
  final Tokenizer tokenizer;
  final LatentEncoder encoder;
  final LatentDecoder decoder;
  final ParallelFlows parallel;
  StackInverse graph;

  /**
   * A generator with the default block size.
   *
   * @param ngrams the n-grams from which parallel decoding guesses; they do not affect the text. Requested once, if needed
   */
  public FlowGenerator(StackWeights weights, Tokenizer tokenizer, Supplier<NGramTable> ngrams) {
    this(weights, tokenizer, ngrams, 0);
  }

  /**
   * A generator with a given block size for parallel decoding, which changes speed only.
   *
   * @param ngrams the n-grams from which parallel decoding guesses; they do not affect the text. Requested once, if needed
   * @param block positions per block, 1 to 32; 0 to choose by flow and machine
   * @throws IllegalArgumentException if the block size is out of range
   */
  public FlowGenerator(StackWeights weights, Tokenizer tokenizer, Supplier<NGramTable> ngrams, int block) {
    if (block < 0 || block > FlowTransform.GROUP) {
      throw new IllegalArgumentException("block is " + block + "; expected 0 to " + FlowTransform.GROUP);
    }
    parallel = new ParallelFlows(weights, ngrams, block, ParallelFlows.TOLERANCE);
    this.weights = weights;
    this.tokenizer = tokenizer;
    config = weights.config();
    encoder = new LatentEncoder(weights.codebook());
    decoder = new LatentDecoder(weights.codebook());
  }

  /** Inverts windows with {@code stack} from now on, where no token is needed before its window is complete; returns this. */
  public FlowGenerator through(StackInverse stack) {
    graph = stack;
    return this;
  }

  /**
   * Generates {@code options.batchSize()} texts.
   *
   * @param prompt token ids; empty for texts without a prompt
   * @param listener receives the tokens of the only text, or null; needs batchSize 1. If the first flow reads left to right, patches
   *     arrive while it is inverted; otherwise, and where refinements follow, they arrive once their window is complete
   * @throws IllegalArgumentException if the prompt holds an unknown token, or is shorter than a patch but not empty; if a listener is
   *     given for several texts; or if the flows cannot honour an option ({@link GenerationOptions},
   *     {@link Sampling#requireHonoured(TarFlowConfig)})
   */
  @Override
  public List<Generation> generate(int[] prompt, GenerationOptions options, TokenListener listener) {
    Prompts.requireListenable(options, listener);
    Prompts.requireTokens(prompt, config.vocabSize());
    Prompts.requireHonouredByFlows(options, config);
    List<WindowPlan> plan = WindowPlan.of(prompt.length, options.maxNewTokens(), config.contextLength(), config.patchSize());
    int batch = options.batchSize();
    if (goesThroughGraph(plan, options, listener)) {
      return List.of(new FlowRun(this, prompt, options, plan, 0, batch, null, true).all());
    }
    Generation[] result = new Generation[batch];
    Parallel.runParts(batch, (from, to) -> {
      Generation[] part = new FlowRun(this, prompt, options, plan, from, to - from, listener, false).all();
      System.arraycopy(part, 0, result, from, part.length);
    });
    return List.of(result);
  }

  private boolean goesThroughGraph(List<WindowPlan> plan, GenerationOptions options, TokenListener listener) {
    return graph != null && listener == null && options.stopStrings().isEmpty() && options.eosTokenId() == GenerationOptions.NO_EOS
        && (options.refinements() == 0 || plan.stream().allMatch(this::isExact))
        && (options.batchSize() > 1 || config.hasPartialFlows()
            || parallel.goesBySteps(options.decoding(), plan.stream().mapToInt(WindowPlan::fresh).sum()))
        && graph.isAvailable();
  }

  boolean isExact(WindowPlan window) {
    int positions = window.tokens() / config.patchSize();
    return SpanSampler.isExactScan(config, positions, window.context() / config.patchSize(), positions);
  }

  /**
   * Fills the gap between two texts, {@code options.batchSize()} times. Ignores maxNewTokens, stopStrings, eosTokenId and decoding.
   *
   * <p>With a right text and a flow that reads left to right, the scan is never exact. {@link SpanSampler} says what the sample is then;
   * {@code options.refinements()} makes it follow the right text.
   *
   * @param left known tokens before the gap; the first ones are ignored where they make no whole patch
   * @param gap number of tokens to fill in, a multiple of the patch size
   * @param right known tokens after the gap; the last ones are ignored where they make no whole patch
   * @throws IllegalArgumentException if the gap is empty or not a whole number of patches, the texts and the gap do not fit the window, a
   *     token is unknown, or the flows cannot honour an option
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
    Prompts.requireHonouredByFlows(options, config);
    int total = before.length + gap + after.length;
    if (total > config.contextLength()) {
      throw new IllegalArgumentException("the texts and the gap have " + total + " tokens; the window has " + config.contextLength());
    }
    Generation[] result = new Generation[options.batchSize()];
    Parallel.run(result.length, b -> result[b] = infilled(left, before, gap, after, options, b));
    return List.of(result);
  }

  /**
   * Fills text {@code b} of a batch.
   *
   * @param prompt the left text as the caller gave it
   * @param left the left text in whole patches
   * @param right the right text in whole patches
   */
  private Generation infilled(int[] prompt, int[] left, int gap, int[] right, GenerationOptions options, int b) {
    int d = config.latentDim();
    int patch = config.patchSize();
    int from = left.length / patch;
    int to = from + gap / patch;
    int positions = to + right.length / patch;
    double[] z = Arrays.copyOf(encoder.encode(left, options.seed(), b, 0), (left.length + gap + right.length) * d);
    double[] after = encoder.encode(right, options.seed(), b, left.length + gap);
    System.arraycopy(after, 0, z, z.length - after.length, after.length);
    SpanSampler sampler = new SpanSampler(weights, options.sampling().filter(), options.noiseTemperature(), 1, positions, from, to);
    Random random = Prompts.random(options.seed(), b);
    double accepted = sampler.draw(new double[][] {z}, new Random[] {random}, options.refinements(), null);
    int[] tokens = decoder.decode(z, left.length, gap);
    int[][] levels = new int[options.showFlows() ? config.flows().size() + 1 : 0][];
    double[][] latents = new double[levels.length][];
    if (options.showFlows()) {
      double[][] h = sampler.levels(z);
      Arrays.setAll(levels, l -> decoder.decodeLevel(l, h[l], left.length, gap));
      Arrays.setAll(latents, l -> Arrays.copyOfRange(h[l], left.length * d, (left.length + gap) * d));
    }
    boolean exact = SpanSampler.isExactScan(config, positions, from, to);
    return new Generation(prompt, tokens, tokenizer.decode(tokens), levels, latents, exact, accepted);
  }

  /**
   * Reads a given text at all levels of the stack (paper section 5): z = mu + sigma * noise of every token, then every flow's output.
   *
   * @param tokens whole patches, at most a window
   * @param seed seed of the encoder's noise
   * @return the text as if it had been generated, with {@code levels} and {@code latents}
   * @throws IllegalArgumentException if the text is empty, longer than the window or not a whole number of patches, or a token is unknown
   */
  public Generation read(int[] tokens, long seed) {
    int patch = config.patchSize();
    int window = config.contextLength();
    Prompts.requireTokens(tokens, config.vocabSize());
    if (tokens.length == 0 || tokens.length > window || tokens.length % patch != 0) {
      throw new IllegalArgumentException("the text has " + tokens.length + " tokens; expected 1 to " + window + ", the model's window"
          + (patch == 1 ? "" : ", in patches of " + patch));
    }
    double[] z = encoder.encode(tokens, seed);
    double[][][] h = new StackTransform(weights).forward(new double[][] {z}).latents().h();
    double[][] latents = Arrays.stream(h).map(level -> level[0]).toArray(double[][]::new);
    int[][] levels = new int[latents.length][];
    Arrays.setAll(levels, l -> decoder.decodeLevel(l, latents[l], 0, tokens.length));
    return new Generation(new int[0], tokens, tokenizer.decode(tokens), levels, latents, true, 1.0);
  }

  /** Mean number of positions that a pass of parallel decoding finished, for each flow with its own transformer; NaN before any pass. */
  public List<Double> positionsPerPass() {
    return parallel.speeds().stream().map(DecodingSpeed::positionsPerPass).toList();
  }
}
