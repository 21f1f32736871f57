package org.tarflowlm;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointException;
import org.tarflowlm.checkpoint.CheckpointInfo;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.Progress;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.Likelihood;
import org.tarflowlm.eval.TokenChoice;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.generate.TokenListener;
import org.tarflowlm.nn.NextTokens;
import org.tarflowlm.nn.TarFlowNetwork;
import org.tarflowlm.zoo.TarFlowZoo;

/**
 * A ready language model: weights, tokenizer, scoring, generation and latents.
 *
 * <pre>
 * try (TarFlowLM model = TarFlowLM.pretrained()) {
 *   System.out.println(model.score("call me ishmael").bitsPerCharacter());
 *   System.out.println(model.generate("call me ishmael").text());
 * }
 * </pre>
 *
 * <p>May be used by many threads. Texts are scored one after another, each on all cores; generations run side by side. What is needed is
 * built at the first use; once the model is closed, these calls throw an IllegalStateException. To train a model further see
 * {@link CheckpointNetworks}.
 */
public class TarFlowLM implements AutoCloseable {
  /** Id of the zoo's flagship. */
  public static final String DEFAULT = "text8-mixd";

  private final String name;
  private final TarFlowConfig config;
  private final CheckpointInfo info;
  private final Tokenizer tokenizer;
  private final Engine engine;

  protected TarFlowLM(String name, Checkpoint checkpoint) {
    TarFlowNetwork.ensureBackend();
    this.name = name;
    this.config = checkpoint.config();
    this.info = checkpoint.info();
    this.tokenizer = Tokenizers.byName(info.tokenizer());
    this.engine = new Engine(name, checkpoint, tokenizer);
  }

  /** The flagship of the zoo, {@value #DEFAULT}. */
  public static TarFlowLM pretrained() {
    return pretrained(DEFAULT);
  }

  /**
   * A checkpoint of the zoo.
   * @param id one of {@link TarFlowZoo#list()}
   * @throws CheckpointException if there is none of that id, or it is damaged
   */
  public static TarFlowLM pretrained(String id) {
    return new TarFlowLM(id, TarFlowZoo.load(id));
  }

  /**
   * A checkpoint's folder, or a .zip or .jar that holds one.
   * @throws CheckpointException if there is no checkpoint, or a damaged one
   */
  public static TarFlowLM load(Path path) {
    return new TarFlowLM(path.toString(), Checkpoint.load(path));
  }

  /**
   * Loads a model by name: an id of the zoo, a path, or an address such as {@code https://example.org/mine.zip#sha256=0a1b...}, as
   * {@link TarFlowZoo#resolve(String, CacheFolder, Progress)} reads it.
   * @throws CheckpointException if there is no such thing, it cannot be fetched, has another hash, or is damaged
   */
  public static TarFlowLM resolve(String model) {
    return resolve(model, CacheFolder.fromEnvironment(), Progress.NONE);
  }

  /** Like {@link #resolve(String)}, with another cache folder and a progress listener. */
  public static TarFlowLM resolve(String model, CacheFolder cache, Progress progress) {
    return new TarFlowLM(model, TarFlowZoo.resolve(model, cache, progress));
  }

  /** A model of given weights. */
  public static TarFlowLM of(Checkpoint checkpoint) {
    String id = checkpoint.info().id();
    return new TarFlowLM(id == null ? "unnamed" : id, checkpoint);
  }

  /** Id or folder. */
  public String name() {
    return name;
  }

  public TarFlowConfig config() {
    return config;
  }

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** Origin, licence, measured likelihoods of the weights. */
  public CheckpointInfo info() {
    return info;
  }

  public Checkpoint checkpoint() {
    return engine.checkpoint();
  }

  /** Scores a text with the default options, and each of its tokens: {@link Score#perToken()}. */
  public Score score(String text) {
    return score(text, ScoringOptions.defaults().withPerToken(true));
  }

  /**
   * The likelihood of a text, by windows of the context length ({@link Likelihood}).
   * @throws DataException if the text is empty, shorter than a patch, or holds a character that the model does not know (the message
   *     names it and its offset)
   */
  public Score score(String text, ScoringOptions options) {
    return score(TokenArray.of(text, tokenizer), options);
  }

  /**
   * The likelihood of tokens, such as those of a large file, which is read as it is scored.
   * @throws DataException as {@link #score(String, ScoringOptions)}
   * @throws IllegalArgumentException if the tokens are of another vocabulary
   */
  public Score score(TokenSequence tokens, ScoringOptions options) {
    return engine.withNetwork(layer -> new Scorer(name, tokenizer, layer).score(tokens, options));
  }

  /** A long text to be scored in parts; throws as {@link #score(TokenSequence, ScoringOptions)}. */
  public TextParts parts(TokenSequence tokens, ScoringOptions options) {
    return new TextParts(this, engine, tokens, options);
  }

  /**
   * What the model expects at each position of a text, as {@link TokenChoice#of} gives it; empty if its flows say nothing of tokens.
   * @throws DataException if a token is unknown
   */
  public Optional<List<List<TokenChoice>>> nextTokens(int[] tokens, int count, long seed) {
    return Optional.of(new TokenArray(tokens, config.vocabSize())).filter(known -> NextTokens.areKnown(config))
        .map(known -> engine.withNetwork(layer -> TokenChoice.of(layer, known, count, seed)));
  }

  /** This model's default generation options. */
  public GenerationOptions generationOptions() {
    return info.generation().options();
  }

  /** One continuation of a text, which may be empty, with {@link #generationOptions()}. */
  public Generation generate(String prompt) {
    return generate(prompt, generationOptions().withBatchSize(1)).get(0);
  }

  /** Several continuations, as {@link #generate(String, GenerationOptions, TokenListener)}. */
  public List<Generation> generate(String prompt, GenerationOptions options) {
    return generate(prompt, options, null);
  }

  /**
   * Continues a text; {@link Generation#exact()} says whether the model's stack allows that exactly.
   * @param listener receives the tokens of the only sequence as soon as they are final, or null
   * @throws DataException if the prompt holds a character that the model does not know
   * @throws IllegalArgumentException if the prompt is shorter than a patch, but not empty, or there is a listener for several sequences
   */
  public List<Generation> generate(String prompt, GenerationOptions options, TokenListener listener) {
    return generate(tokenizer.encode(prompt), options, listener);
  }

  /** As {@link #generate(String, GenerationOptions, TokenListener)}, of tokens, which need not be what the tokenizer makes of a text. */
  public List<Generation> generate(int[] prompt, GenerationOptions options, TokenListener listener) {
    return engine.sampler().generate(prompt, options, listener);
  }

  /**
   * Continues different texts: of each {@code options.batchSize()} continuations, the same as by itself.
   * @throws DataException if a prompt holds a character that the model does not know
   */
  public List<List<Generation>> generate(List<String> prompts, GenerationOptions options) {
    return engine.sampler().generateAll(prompts.stream().map(tokenizer::encode).toList(), options);
  }

  /** Fills a gap of some tokens between two texts; {@link org.tarflowlm.generate.FlowGenerator#infill} says how. Only flow models can. */
  public List<Generation> infill(String left, int gap, String right, GenerationOptions options) {
    return engine.sampler().flows().infill(tokenizer.encode(left), gap, tokenizer.encode(right), options);
  }

  /**
   * A given text of at most a window at every level of the stack; see {@link org.tarflowlm.generate.FlowGenerator#read}.
   * @throws IllegalStateException if the model is discrete
   */
  public Generation read(String text, long seed) {
    return engine.sampler().flows().read(tokenizer.encode(text), seed);
  }

  /**
   * A text as latents: z = mu + sigma * noise of every token (paper section 3.1).
   * @return [tokens][latentDim]
   * @throws DataException if the text holds a character that the model does not know
   * @throws IllegalStateException if the model is discrete, as for all that concerns latents
   */
  public double[][] encode(String text, long seed) {
    return engine.latents().encode(text, seed);
  }

  /**
   * The text that latents stand for: of every token the most probable one given its latent.
   * @param z [tokens][latentDim], finite numbers
   * @throws IllegalArgumentException if a latent has another size, or holds a number that is not finite
   */
  public String decode(double[][] z) {
    return engine.latents().decode(z);
  }

  /**
   * A text at every level of the stack: z = h[0] as {@link #encode} gives it, h[l + 1] = f_l(h[l]), u = h[L] (paper section 3.3). Windows
   * of the context length do not see each other.
   * @return [L + 1][tokens][latentDim]
   * @throws DataException if the text is empty, does not fill its last patch, or holds a character that the model does not know
   */
  public double[][][] levels(String text, long seed) {
    return engine.latents().levels(text, seed);
  }

  /** The last of {@link #levels}: the noise u, [tokens][latentDim], from which {@link #fromNoise} makes the text. */
  public double[][] toNoise(String text, long seed) {
    return levels(text, seed)[config.flows().size()];
  }

  /** As {@link #toNoise(String, long)} with seed 1. */
  public double[][] toNoise(String text) {
    return toNoise(text, 1);
  }

  /**
   * The text of a noise: the flows inverted, the last one first, and every latent decoded. A draw from N(0, I) gives a new text.
   * @param u [tokens][latentDim], finite numbers, whole patches
   * @throws IllegalArgumentException if u is empty or of another shape, or holds a number that is not finite
   */
  public String fromNoise(double[][] u) {
    return engine.latents().fromNoise(u);
  }

  /**
   * A walk from one text to another: spherical interpolation between their noises, decoded at every step.
   * @param steps texts to return, at least 2; the first is a, the last b, but for tokens whose latent decodes to another one
   * @param seed of the encoder's noise, the same for both
   * @throws DataException as {@link #levels}
   * @throws IllegalArgumentException if the texts differ in their number of tokens, or there are fewer than two steps
   */
  public List<String> interpolate(String a, String b, int steps, long seed) {
    return engine.latents().interpolate(a, b, steps, seed);
  }

  /**
   * Hidden states of a flow's transformer ({@link org.tarflowlm.nn.TarFlowFeatures#states}): what it knows at each position from the
   * patches that it has read before.
   * @param flow counted from 0, data to noise
   * @return [tokens / patchSize][width]
   * @throws DataException as {@link #levels}
   * @throws IllegalArgumentException if there is no such flow
   */
  public double[][] features(String text, int flow) {
    engine.requireFlows("flows");
    int[] tokens = LatentSpace.wholePatches(tokenizer.encode(text), config);
    return engine.withNetwork(layer -> LatentSpace.features(layer, tokens, flow));
  }

  /** The mean of {@link #features} over the positions, one vector [width] per text. */
  public double[] meanFeatures(String text, int flow) {
    return LatentSpace.mean(features(text, flow));
  }

  /** Saves the model as a checkpoint, bit-exact, in a new folder; throws a {@link CheckpointException} if it cannot. */
  public void save(Path folder) {
    checkpoint().save(folder);
  }

  /** Frees the weights and the native memory, after the score that is being computed; generations that run come to their end. */
  @Override
  public void close() {
    engine.close();
  }
}
