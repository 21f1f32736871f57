package org.tarflowlm.generate;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.flow.CachedTransformer;
import org.tarflowlm.flow.ParameterSource;
import org.tarflowlm.flow.TokenFilter;
import org.tarflowlm.kernel.Parallel;
import org.tarflowlm.kernel.RowProduct;
import org.tarflowlm.vector.DoubleLoops;

/**
 * Samples from the discrete autoregressive model, token by token, with cached keys and values. Many threads may share an instance.
 *
 * <p>If the window fills before the text ends, its last half becomes the context of the next window.
 */
public final class AutoregressiveSampler implements TextGenerator {
  private final TarFlowConfig config;
  private final Tokenizer tokenizer;
  private final float[][] embedding;
  private final CachedTransformer.Weights transformer;
  private final RowProduct head;

  /**
   * Reads a model.
   *
   * @param parameters returns a parameter's values, row by row, for its name ({@link org.tarflowlm.config.ParameterShapes}); the sampler
   *     copies them
   * @throws IllegalArgumentException if the configuration is not a discrete model's, or a parameter is missing or its length differs
   *     from the configuration's
   */
  public AutoregressiveSampler(TarFlowConfig config, Function<String, float[]> parameters, Tokenizer tokenizer) {
    if (config.model() != ModelType.AUTOREGRESSIVE) {
      throw new IllegalArgumentException("model is " + config.model() + "; expected " + ModelType.AUTOREGRESSIVE);
    }
    this.config = config;
    this.tokenizer = tokenizer;
    ParameterSource source = new ParameterSource(parameters, "");
    embedding = source.matrix("embed.weight", config.vocabSize(), config.width());
    transformer = new CachedTransformer.Weights(source.under("lm."), config.width(), config.heads(), config.totalLayers(),
        config.contextLength());
    head = source.product("lm.head", config.width(), config.vocabSize());
  }

  @Override
  public List<Generation> generate(int[] prompt, GenerationOptions options, TokenListener listener) {
    Prompts.requireListenable(options, listener);
    Prompts.requireTokens(prompt, config.vocabSize());
    Prompts.requireEos(options, config.vocabSize());
    int batch = options.batchSize();
    Generation[] result = new Generation[batch];
    Parallel.runParts(batch, (from, to) -> {
      int[][] tokens = new Run(prompt, options, from, to, listener).all();
      for (int b = from; b < to; b++) {
        int[] generated = tokens[b - from];
        String text = new StopStrings(options.stopStrings(), options.eosTokenId(), tokenizer).textOf(generated);
        result[b] = new Generation(prompt, generated, text, new int[0][], new double[0][], true, 1.0);
      }
    });
    return List.of(result);
  }

  /** Some sequences of a batch, on one thread. */
  private final class Run {
    private final int[] prompt;
    private final GenerationOptions options;
    private final TokenListener listener;
    private final int count;
    private final Random[] random;
    private final TokenFilter filter;
    private final StopStrings stops;
    private final CachedTransformer cache;
    private final int[] sequence;
    private final int[] position;
    private final float[] embedded;
    private final float[] features;
    private final float[] out;
    private final double[] logits;
    private final double[] scratch;
    private final BitSet ended = new BitSet();
    private final int[] lengths;

    Run(int[] prompt, GenerationOptions options, int from, int to, TokenListener listener) {
      this.prompt = prompt;
      this.options = options;
      this.listener = listener;
      count = to - from;
      random = new Random[count];
      for (int b = 0; b < count; b++) {
        random[b] = Prompts.random(options.seed(), from + b);
      }
      filter = options.sampling().filter();
      stops = new StopStrings(options.stopStrings(), options.eosTokenId(), tokenizer);
      cache = new CachedTransformer(transformer, count, count, config.contextLength(), 1);
      sequence = new int[count];
      position = new int[count];
      embedded = new float[count * config.width()];
      features = new float[count * config.width()];
      out = new float[count * config.vocabSize()];
      logits = new double[config.vocabSize()];
      scratch = new double[config.vocabSize()];
      lengths = new int[count];
    }

    int[][] all() {
      int[][] texts = new int[count][prompt.length + options.maxNewTokens()];
      for (int b = 0; b < count; b++) {
        System.arraycopy(prompt, 0, texts[b], 0, prompt.length);
      }
      int window = config.contextLength();
      int start = texts[0].length <= window ? 0 : Math.max(0, prompt.length - window / 2);
      int read = start;
      for (int t = prompt.length; t < texts[0].length; t++) {
        if (t - start == window) {
          start = t - window / 2;
          read = start;
        }
        for (; read <= t; read++) {
          step(texts, read, read - start);
        }
        head.run(features, count, out);
        for (int b = 0; b < count; b++) {
          choose(texts, b, t);
        }
        if (ended.cardinality() == count) {
          break;
        }
      }
      for (int b = 0; b < count; b++) {
        int end = ended.get(b) ? lengths[b] : texts[b].length;
        texts[b] = Arrays.copyOfRange(texts[b], prompt.length, end);
      }
      return texts;
    }

    /** Computes the features [sequence, width] for token t of every sequence, at position p of the window. */
    private void step(int[][] texts, int t, int p) {
      for (int b = 0; b < count; b++) {
        sequence[b] = b;
        position[b] = p;
        if (p > 0) {
          System.arraycopy(embedding[texts[b][t - 1]], 0, embedded, b * config.width(), config.width());
        }
      }
      cache.run(count, sequence, position, embedded, features);
    }

    private void choose(int[][] texts, int b, int t) {
      for (int k = 0; k < logits.length; k++) {
        logits[k] = out[b * logits.length + k];
      }
      if (options.repetitionPenalty() != 1.0) {
        penalizeRepetition(texts[b], t);
      }
      texts[b][t] = options.doSample() ? drawFiltered(random[b].nextDouble()) : DoubleLoops.indexOfMax(logits, logits.length);
      if (ended.get(b)) {
        return;
      }
      int[] heard = stops.heard(new int[] {texts[b][t]}, 1);
      if (listener != null && heard.length > 0) {
        listener.accept(heard);
      }
      if (stops.endAt(texts[b], prompt.length, t + 1)) {
        ended.set(b);
        lengths[b] = t + 1;
      }
    }

    /** Penalizes each token once, by the sign of its logit, as Hugging Face does. */
    private void penalizeRepetition(int[] text, int length) {
      for (int token : Arrays.stream(text, 0, length).distinct().toArray()) {
        logits[token] = logits[token] < 0 ? logits[token] * options.repetitionPenalty() : logits[token] / options.repetitionPenalty();
      }
    }

    private int drawFiltered(double uniform) {
      filter.apply(logits, scratch);
      double max = DoubleLoops.max(logits, 0, logits.length);
      double total = 0.0;
      for (int k = 0; k < logits.length; k++) {
        scratch[k] = Math.exp(logits[k] - max);
        total += scratch[k];
      }
      double left = uniform * total;
      int last = 0;
      for (int k = 0; k < logits.length; k++) {
        if (scratch[k] > 0) {
          last = k;
          left -= scratch[k];
          if (left < 0) {
            return k;
          }
        }
      }
      return last;
    }
  }
}
