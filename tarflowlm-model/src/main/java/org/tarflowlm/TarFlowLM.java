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
 * A ready-to-use language model: it scores text, generates text, and maps text to latents and noise and back.
 *
 * <pre>
 * try (TarFlowLM model = TarFlowLM.pretrained()) {
 *   System.out.println(model.score("call me ishmael").bitsPerCharacter());
 *   System.out.println(model.generate("call me ishmael").text());
 * }
 * </pre>
 *
 * <p>Thread-safe: scores and generations run in parallel, on up to a network per core. Networks are built on first use; once the model is
 * closed, calls that need one throw an IllegalStateException. {@link CheckpointNetworks} trains a model further.
 */
public class TarFlowLM implements AutoCloseable {
  /** Id of the zoo's default model. */
  public static final String DEFAULT = "text8-mixd";

  private final String name;
  private final TarFlowConfig config;
  private final CheckpointInfo info;
  private final Tokenizer tokenizer;
  private final Engine engine;
  private final Scorer scorer;

  protected TarFlowLM(String name, Checkpoint checkpoint) {
    TarFlowNetwork.ensureBackend();
    this.name = name;
    this.config = checkpoint.config();
    this.info = checkpoint.info();
    this.tokenizer = Tokenizers.byName(info.tokenizer());
    this.engine = new Engine(name, checkpoint, tokenizer);
    this.scorer = new Scorer(name, tokenizer, config, engine);
  }

  /** The zoo's default model, {@value #DEFAULT}. */
  public static TarFlowLM pretrained() {
    return pretrained(DEFAULT);
  }

  /**
   * A checkpoint of the zoo.
   * @param id one of {@link TarFlowZoo#list()}
   * @throws CheckpointException if the zoo has no checkpoint with that id, or it is damaged
   */
  public static TarFlowLM pretrained(String id) {
    Engine.startFor(id);
    return new TarFlowLM(id, TarFlowZoo.load(id));
  }

  /** Loads a checkpoint from its folder, or a .zip or .jar that holds one; throws a {@link CheckpointException} if it is damaged. */
  public static TarFlowLM load(Path path) {
    return new TarFlowLM(path.toString(), Checkpoint.load(path));
  }

  /**
   * Loads a model by name: an id of the zoo, a path, or an address such as {@code https://example.org/mine.zip#sha256=0a1b...}, as
   * {@link TarFlowZoo#resolve(String, CacheFolder, Progress)} reads it.
   * @throws CheckpointException if there is no such checkpoint, it cannot be fetched, its hash differs, or it is damaged
   */
  public static TarFlowLM resolve(String model) {
    return resolve(model, CacheFolder.fromEnvironment(), Progress.NONE);
  }

  /** Like {@link #resolve(String)}, with another cache folder and a progress listener. */
  public static TarFlowLM resolve(String model, CacheFolder cache, Progress progress) {
    Engine.startFor(model);
    return new TarFlowLM(model, TarFlowZoo.resolve(model, cache, progress));
  }

  /** A model with this checkpoint's weights. */
  public static TarFlowLM of(Checkpoint checkpoint) {
    String id = checkpoint.info().id();
    return new TarFlowLM(id == null ? "unnamed" : id, checkpoint);
  }

  /** The id, path or address from which the model was loaded. */
  public String name() {
    return name;
  }

  public TarFlowConfig config() {
    return config;
  }

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** The weights' origin, licence and measured likelihoods. */
  public CheckpointInfo info() {
    return info;
  }

  public Checkpoint checkpoint() {
    return engine.checkpoint();
  }

  /** Scores a text with the default options, keeping the bits of each token ({@link Score#perToken()}). */
  public Score score(String text) {
    return score(text, ScoringOptions.defaults().withPerToken(true));
  }

  /**
   * The likelihood of a text, computed in windows of the context length ({@link Likelihood}).
   * @throws DataException if the text is empty, shorter than a patch, or holds a character that the model does not know
   */
  public Score score(String text, ScoringOptions options) {
    return score(TokenArray.of(text, tokenizer), options);
  }

  /** As {@link #score(String, ScoringOptions)}, for tokens of this vocabulary. A large file's are read as they are scored. */
  public Score score(TokenSequence tokens, ScoringOptions options) {
    return scorer.score(tokens, options);
  }

  /** As {@link #score(List, ScoringOptions)} with the default options, and the bits of each token. */
  public List<Score> score(List<String> texts) {
    return score(texts, ScoringOptions.defaults().withPerToken(true));
  }

  /**
   * Texts of any lengths, each as {@link #score(String, ScoringOptions)} scores it by itself, but batched by length.
   * @throws DataException as there; the message begins with the text's number, counted from 0
   */
  public List<Score> score(List<String> texts, ScoringOptions options) {
    return scorer.score(texts, options);
  }

  /** Prepares a long text to be scored in parts; throws as {@link #score(TokenSequence, ScoringOptions)}. */
  public TextParts parts(TokenSequence tokens, ScoringOptions options) {
    return new TextParts(this, engine, tokens, options);
  }

  /** For each position of a text {@link TokenChoice#of}; empty if the flows give no probabilities ({@link NextTokens#areKnown}). */
  public Optional<List<List<TokenChoice>>> nextTokens(int[] tokens, int count, long seed) {
    return Optional.of(new TokenArray(tokens, config.vocabSize())).filter(known -> NextTokens.areKnown(config))
        .map(known -> engine.withNetwork(layer -> TokenChoice.of(layer, known, count, seed)));
  }

  /** This model's default generation options. */
  public GenerationOptions generationOptions() {
    return info.generation().options();
  }

  /** Continues a text, which may be empty, once, with {@link #generationOptions()}. */
  public Generation generate(String prompt) {
    return generate(prompt, generationOptions().withBatchSize(1)).get(0);
  }

  /** Like {@link #generate(String, GenerationOptions, TokenListener)}, without a listener. */
  public List<Generation> generate(String prompt, GenerationOptions options) {
    return generate(prompt, options, null);
  }

  /**
   * Continues a text {@code options.batchSize()} times; {@link Generation#exact()} says whether the model's stack can do so exactly.
   * @param listener receives each token of a single sequence as soon as it is final; may be null
   * @throws DataException if the prompt holds a character that the model does not know
   * @throws IllegalArgumentException if the prompt is shorter than a patch but not empty, or if a listener is given with several sequences
   */
  public List<Generation> generate(String prompt, GenerationOptions options, TokenListener listener) {
    return generate(tokenizer.encode(prompt), options, listener);
  }

  /** Like {@link #generate(String, GenerationOptions, TokenListener)}, for any token ids, even ones the tokenizer would not produce. */
  public List<Generation> generate(int[] prompt, GenerationOptions options, TokenListener listener) {
    return engine.generator().generate(prompt, options, listener);
  }

  /** Continues each of several texts {@code options.batchSize()} times, with the same results as one call per text. */
  public List<List<Generation>> generate(List<String> prompts, GenerationOptions options) {
    return engine.generator().generateAll(prompts.stream().map(tokenizer::encode).toList(), options);
  }

  /** Fills a gap of {@code gap} tokens between two texts ({@link org.tarflowlm.generate.FlowGenerator#infill}). Only flow models can. */
  public List<Generation> infill(String left, int gap, String right, GenerationOptions options) {
    return engine.flows().infill(tokenizer.encode(left), gap, tokenizer.encode(right), options);
  }

  /** A given text of at most a window at every level of a flow model's stack; see {@link org.tarflowlm.generate.FlowGenerator#read}. */
  public Generation read(String text, long seed) {
    return engine.flows().read(tokenizer.encode(text), seed);
  }

  /**
   * Encodes a text as latents: z = mu + sigma * noise for every token (paper section 3.1).
   * @return [tokens][latentDim]
   * @throws DataException if the text holds a character that the model does not know
   * @throws IllegalStateException if the model is discrete, as in every method that deals with latents
   */
  public double[][] encode(String text, long seed) {
    return engine.latents().encode(text, seed);
  }

  /**
   * Decodes latents: the most probable token given each latent.
   * @param z [tokens][latentDim], finite numbers
   * @throws IllegalArgumentException if a latent has another length, or holds a number that is not finite
   */
  public String decode(double[][] z) {
    return engine.latents().decode(z);
  }

  /**
   * A text at every level of the stack: h[0] = z as {@link #encode} gives it, h[l + 1] = f_l(h[l]), h[L] = u (paper section 3.3). Windows
   * of the context length are independent.
   * @return [L + 1][tokens][latentDim]
   * @throws DataException if the text is empty, does not fill its last patch, or holds a character that the model does not know
   */
  public double[][][] levels(String text, long seed) {
    return engine.latents().levels(text, seed);
  }

  /** The last of {@link #levels}: the noise u, [tokens][latentDim], which {@link #fromNoise} turns back into the text. */
  public double[][] toNoise(String text, long seed) {
    return levels(text, seed)[config.flows().size()];
  }

  /** As {@link #toNoise(String, long)} with seed 1. */
  public double[][] toNoise(String text) {
    return toNoise(text, 1);
  }

  /**
   * Turns noise into text: inverts the flows, the last one first, and decodes every latent. A draw from N(0, I) gives a new text.
   * @param u [tokens][latentDim], finite numbers, whole patches
   * @throws IllegalArgumentException if u is empty, has another shape, or holds a number that is not finite
   */
  public String fromNoise(double[][] u) {
    return engine.latents().fromNoise(u);
  }

  /**
   * Interpolates between two texts: spherically between their noises, decoded at every step.
   * @param steps texts to return, at least 2; the first is a, the last b, except for tokens whose latent decodes to another one
   * @param seed of the encoder's noise, the same for both
   * @throws DataException as {@link #levels}
   * @throws IllegalArgumentException if the texts differ in their number of tokens, or there are fewer than two steps
   */
  public List<String> interpolate(String a, String b, int steps, long seed) {
    return engine.latents().interpolate(a, b, steps, seed);
  }

  /**
   * Hidden states of a flow's transformer ({@link org.tarflowlm.nn.TarFlowFeatures#states}): at each position, a summary of the patches
   * that it has read before.
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

  /** The mean of {@link #features} over the positions: [width]. */
  public double[] meanFeatures(String text, int flow) {
    return LatentSpace.mean(features(text, flow));
  }

  /** Saves the model as a checkpoint, bit-exact, in a new folder; throws a {@link CheckpointException} if that fails. */
  public void save(Path folder) {
    checkpoint().save(folder);
  }

  /** Waits for a score in progress, then frees the weights and the native memory; running generations finish normally. */
  @Override
  public void close() {
    engine.close();
  }
}
