package org.tarflowlm;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointException;
import org.tarflowlm.checkpoint.CheckpointInfo;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.Progress;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.Likelihood;
import org.tarflowlm.eval.LikelihoodEstimate;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.generate.TokenListener;
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
  /** DL4J's networks are for one thread at a time; fair, so that no caller starves. */
  private final ReentrantLock scoring = new ReentrantLock(true);
  private Checkpoint checkpoint;
  private ComputationGraph network;
  private Sampler sampler;
  private TextLatents latents;

  protected TarFlowLM(String name, Checkpoint checkpoint) {
    TarFlowNetwork.ensureBackend();
    this.name = name;
    this.checkpoint = checkpoint;
    this.config = checkpoint.config();
    this.info = checkpoint.info();
    this.tokenizer = Tokenizers.byName(info.tokenizer());
  }

  /** The flagship of the zoo, {@value #DEFAULT}. */
  public static TarFlowLM pretrained() {
    return pretrained(DEFAULT);
  }

  /**
   * A checkpoint of the zoo.
   *
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
   *
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

  public synchronized Checkpoint checkpoint() {
    requireOpen();
    return checkpoint;
  }

  /** Scores a text with the default options, as {@link #score(String, ScoringOptions)}. */
  public Score score(String text) {
    return score(text, ScoringOptions.defaults());
  }

  /**
   * The likelihood of a text, by windows of the context length ({@link Likelihood}).
   *
   * @throws DataException if the text is empty, shorter than a patch, or holds a character that the model does not know (the message
   *     names it and its offset)
   */
  public Score score(String text, ScoringOptions options) {
    return score(TokenArray.of(text, tokenizer), options);
  }

  /**
   * The likelihood of tokens, such as those of a large file, which is read as it is scored.
   *
   * @throws DataException as {@link #score(String, ScoringOptions)}
   * @throws IllegalArgumentException if the tokens are of another vocabulary
   */
  public Score score(TokenSequence tokens, ScoringOptions options) {
    if (tokens.vocabSize() != config.vocabSize()) {
      throw new IllegalArgumentException("the tokens are of a vocabulary of " + tokens.vocabSize() + "; expected " + config.vocabSize());
    }
    long count = CharacterCount.tokensWithin(tokens, options.maxCharacters(), tokenizer);
    int least = config.model() == ModelType.TARFLOW ? config.patchSize() : 1;
    if (count < least) {
      throw new DataException("the text " + (count == 0 ? "is empty" : "has " + count + (count == 1 ? " token" : " tokens"))
          + "; expected at least " + least + (least == 1 ? " token" : " tokens"));
    }
    LikelihoodEstimate estimate;
    scoring.lock();
    try {
      Likelihood likelihood = new Likelihood(TarFlowNetwork.layer(network()), options.seed(), options.samples());
      TokenSequence scored = tokens.slice(0, count);
      estimate = options.stride() == 0 ? likelihood.of(scored) : likelihood.withStride(scored, options.stride());
    } finally {
      scoring.unlock();
    }
    return Score.of(name, estimate, CharacterCount.of(tokens, estimate.tokens(), tokenizer));
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
   *
   * @param listener receives the tokens of the only sequence as soon as they are final, or null
   * @throws DataException if the prompt holds a character that the model does not know
   * @throws IllegalArgumentException if the prompt is shorter than a patch, but not empty, or there is a listener for several sequences
   */
  public List<Generation> generate(String prompt, GenerationOptions options, TokenListener listener) {
    return sampler().generate(tokenizer.encode(prompt), options, listener);
  }

  /** Fills a gap of some tokens between two texts; {@link org.tarflowlm.generate.FlowGenerator#infill} says how. Only flow models can. */
  public List<Generation> infill(String left, int gap, String right, GenerationOptions options) {
    return sampler().infill(tokenizer.encode(left), gap, tokenizer.encode(right), options);
  }

  /**
   * A given text of at most a window at every level of the stack; see {@link org.tarflowlm.generate.FlowReader#read}.
   * @throws IllegalStateException if the model is discrete
   */
  public Generation read(String text, long seed) {
    return sampler().read(tokenizer.encode(text), seed);
  }

  /**
   * A text as latents: z = mu + sigma * noise of every token (paper section 3.1).
   *
   * @return [tokens][latentDim]
   * @throws DataException if the text holds a character that the model does not know
   * @throws IllegalStateException if the model is discrete
   */
  public double[][] encode(String text, long seed) {
    return latents().encode(tokenizer.encode(text), seed);
  }

  /**
   * The text that latents stand for: of every token the most probable one given its latent.
   *
   * @param z [tokens][latentDim], finite numbers
   * @throws IllegalArgumentException if a latent has another size, or holds a number that is not finite
   */
  public String decode(double[][] z) {
    return tokenizer.decode(latents().decode(z));
  }

  /**
   * Saves the model as a checkpoint, bit-exact.
   * @param folder a new folder
   * @throws CheckpointException if it exists or cannot be written
   */
  public void save(Path folder) {
    checkpoint().save(folder);
  }

  /** Frees the weights and the native memory, after the score that is being computed; generations that run come to their end. */
  @Override
  public void close() {
    scoring.lock();
    try {
      release();
    } finally {
      scoring.unlock();
    }
  }

  private synchronized void release() {
    if (network != null) {
      TarFlowNetwork.layer(network).close();
      network.close();
    }
    network = null;
    sampler = null;
    latents = null;
    checkpoint = null;
  }

  private synchronized ComputationGraph network() {
    requireOpen();
    if (network == null) {
      network = Natively.run(() -> CheckpointNetworks.network(checkpoint));
    }
    return network;
  }

  private synchronized Sampler sampler() {
    requireOpen();
    if (sampler == null) {
      sampler = Natively.run(() -> Sampler.of(checkpoint, tokenizer));
    }
    return sampler;
  }

  private synchronized TextLatents latents() {
    requireOpen();
    if (config.model() != ModelType.TARFLOW) {
      throw new IllegalStateException("the model " + name + " is " + config.model() + ", which has no latents; expected "
          + ModelType.TARFLOW);
    }
    if (latents == null) {
      latents = TextLatents.of(checkpoint);
    }
    return latents;
  }

  private void requireOpen() {
    if (checkpoint == null) {
      throw new IllegalStateException("the model " + name + " is closed");
    }
  }
}
