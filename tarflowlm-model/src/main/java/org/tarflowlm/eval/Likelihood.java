package org.tarflowlm.eval;

import java.nio.DoubleBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.LikelihoodEstimate.Bound;
import org.tarflowlm.eval.TextWindows.Nats;
import org.tarflowlm.eval.TextWindows.Window;
import org.tarflowlm.nn.TarFlowLayer;

/**
 * Computes the likelihood of a token sequence in windows of the model's context length that share no context; the last window may be
 * shorter. NELBO = -ELBO is an upper bound in expectation over the encoder's noise (paper section 3.1). With K samples, the figure is
 * the tighter importance-weighted bound: for each window, the log of the mean over K draws of exp(ELBO).
 */
public final class Likelihood {
  private static final Logger LOG = LogManager.getLogger(Likelihood.class);
  private static final long NANOS_BETWEEN_LINES = 20_000_000_000L;

  private final TarFlowLayer layer;
  private final long seed;
  private final int samples;

  /**
   * The ELBO, or the exact likelihood of a discrete model.
   *
   * @param seed of the encoder's noise; the same seed gives the same figure
   */
  public Likelihood(TarFlowLayer layer, long seed) {
    this(layer, seed, 1);
  }

  /**
   * The importance-weighted bound, which takes K times as long as the ELBO and no more memory.
   *
   * @param samples K, at least 1; ignored for a discrete model, whose likelihood is exact
   */
  public Likelihood(TarFlowLayer layer, long seed, int samples) {
    if (samples < 1) {
      throw new IllegalArgumentException("samples is " + samples + "; expected at least 1");
    }
    this.layer = layer;
    this.seed = seed;
    this.samples = layer.model().isFlow() ? samples : 1;
  }

  /** Scores tokens held in memory, as {@link #of(TokenSequence)}. */
  public LikelihoodEstimate of(int[] ids) {
    return of(new TokenArray(ids, layer.model().vocabSize()));
  }

  /**
   * Scores a whole sequence while reading it. Tokens at the end that do not fill a patch enter neither the sum nor the count.
   *
   * @throws IllegalArgumentException if there is no whole patch
   * @throws org.tarflowlm.data.DataException if the sequence holds something that is not a token
   */
  public LikelihoodEstimate of(TokenSequence tokens) {
    return of(tokens, TextBatches.of(layer.model(), tokens.length(), 0), null);
  }

  /**
   * A likelihood and its terms.
   *
   * @param estimate of the whole sequence
   * @param nats negative log-likelihood of each token ({@link org.tarflowlm.nn.TokenTerms}), as many as fill whole patches
   */
  public record ByToken(LikelihoodEstimate estimate, double[] nats) {}

  /**
   * The same figure as {@link #of(TokenSequence)}, and what each token contributes to it.
   *
   * @throws IllegalArgumentException as {@link #of(TokenSequence)}, or if samples is above 1, as that bound is not a sum over tokens
   * @throws ArithmeticException if there are more than 2^31 - 1 tokens
   */
  public ByToken byToken(TokenSequence tokens) {
    if (samples > 1) {
      throw new IllegalArgumentException("samples is " + samples + "; expected 1 for the likelihood of each token");
    }
    TextBatches batches = TextBatches.of(layer.model(), tokens.length(), 0);
    DoubleBuffer nats = DoubleBuffer.allocate(Math.toIntExact(batches.tokens()));
    return new ByToken(of(tokens, batches, nats), nats.array());
  }

  private LikelihoodEstimate of(TokenSequence tokens, TextBatches batches, DoubleBuffer each) {
    return sum(layer.model(), batches, samples, List.of(windows(tokens, batches, 0, batches.count(), each)));
  }

  /**
   * Scores with overlapping windows of the context length that begin {@code stride} tokens apart. Each window after the first counts only
   * its new tokens, given the others: log p(window) - log p(window without its new tokens), both with the same noise. The last window is
   * moved back to be full. The result is exact for a discrete model; for a flow model it is a difference of two bounds, hence not a bound.
   *
   * @param stride new tokens per window: a multiple of patchSize from 1 to the context length; the latter gives {@link #of}
   * @throws IllegalArgumentException if stride is anything else, or there is no whole patch
   */
  public LikelihoodEstimate withStride(TokenSequence tokens, int stride) {
    TextBatches.requireStride(layer.model(), stride);
    return of(tokens, TextBatches.of(layer.model(), tokens.length(), stride), null);
  }

  /**
   * Scores a range of batches of a text's windows.
   *
   * @param from first batch, counted from 0
   * @param to batch after the last
   * @return negative log-likelihood, in nats, of the tokens that each window counts: [windows]
   */
  public double[] windows(TokenSequence tokens, TextBatches batches, long from, long to) {
    return windows(tokens, batches, from, to, null);
  }

  private double[] windows(TokenSequence tokens, TextBatches batches, long from, long to, DoubleBuffer each) {
    DoubleStream.Builder nats = DoubleStream.builder();
    double sum = 0;
    long counted = 0;
    long told = System.nanoTime();
    for (long index = from; index < to; index++) {
      TextBatches.Batch batch = batches.batch(index);
      for (double window : nats(tokens, batch, each)) {
        nats.add(window);
        sum += window;
        counted += batch.counted();
      }
      if (System.nanoTime() - told > NANOS_BETWEEN_LINES) {
        told = System.nanoTime();
        LOG.info("scored {} of {} tokens: {} bits per token so far", counted, batches.tokens(),
            String.format(Locale.ROOT, "%.4f", sum / counted / Math.log(2)));
      }
    }
    return nats.build().toArray();
  }

  /**
   * The likelihood of a text from the nats of all its windows.
   *
   * @param samples noise samples per window that the nats come from
   * @param nats results of {@link #windows} for consecutive parts, in order
   * @throws IllegalArgumentException if their number is not the text's number of windows
   */
  public static LikelihoodEstimate sum(TarFlowConfig config, TextBatches batches, int samples, List<double[]> nats) {
    double[] all = nats.stream().flatMapToDouble(Arrays::stream).toArray();
    int[] counted = LongStream.range(0, batches.count()).mapToObj(batches::batch)
        .flatMapToInt(batch -> IntStream.generate(batch::counted).limit(batch.windows())).toArray();
    int n = counted.length;
    if (all.length != n) {
      throw new IllegalArgumentException("nats are given for " + all.length + " windows; expected " + n);
    }
    double sum = 0;
    for (double window : all) {
      sum += window;
    }
    double mean = sum / batches.tokens();
    double squares = 0; // for the standard error of a ratio of sums
    for (int i = 0; i < n; i++) {
      double residual = all[i] - mean * counted[i];
      squares += residual * residual;
    }
    double error = n < 2 ? Double.NaN : Math.sqrt(squares * n / (n - 1)) / batches.tokens();
    Bound bound = config.isFlow() ? Bound.importanceWeighted(samples) : Bound.EXACT;
    return new LikelihoodEstimate(config.isFlow() && batches.stride() > 0 ? new Bound(bound.name() + "-DIFFERENCE", samples) : bound, sum,
        batches.tokens(), error);
  }

  private double[] nats(TokenSequence tokens, TextBatches.Batch batch, DoubleBuffer each) {
    double[] nats = logMeans(tokens, batch, batch.length(), each);
    int context = batch.length() - batch.counted();
    double[] given = context > 0 ? logMeans(tokens, batch, context, null) : new double[nats.length];
    Arrays.setAll(nats, i -> given[i] - nats[i]);
    return nats;
  }

  /**
   * Of the first tokens of each window in a batch, log of the mean of exp(ELBO) over the draws.
   *
   * @param tokens of all windows, window after window
   * @param each receives the nats of each token; or null
   */
  private double[] logMeans(TokenSequence tokens, TextBatches.Batch batch, int length, DoubleBuffer each) {
    LogMeanExp[] weights = new LogMeanExp[batch.windows()];
    Arrays.setAll(weights, i -> new LogMeanExp());
    int together = Math.max(1, TextWindows.FULL / weights.length);
    for (int first = 0; first < samples; first += together) {
      List<Window> windows = IntStream.range(first, Math.min(samples, first + together)).boxed().flatMap(draw ->
          IntStream.range(0, weights.length).mapToObj(i ->
              new Window(tokens, batch.from() + (long) i * batch.apart(), length, seed, draw))).toList();
      Nats[] found = TextWindows.score(layer, windows, each != null);
      for (int i = 0; i < found.length; i++) {
        weights[i % weights.length].add(found[i].sum());
        if (each != null) {
          Arrays.stream(found[i].terms()).forEach(term -> each.put(-term));
        }
      }
    }
    return Arrays.stream(weights).mapToDouble(LogMeanExp::value).toArray();
  }

  /**
   * The windows of a short text, for {@link TextWindows#score} with those of other texts.
   *
   * @param samples of the noise; a discrete model takes one
   * @return all draws of the first window, then of the next
   * @throws IllegalArgumentException if the text has not one whole patch
   */
  public static List<Window> windows(TarFlowConfig config, TokenSequence text, long seed, int samples) {
    TextBatches batches = TextBatches.of(config, text.length(), 0);
    return LongStream.range(0, batches.count()).mapToObj(batches::batch)
        .flatMap(batch -> IntStream.range(0, batch.windows()).boxed().flatMap(i -> IntStream.range(0, samples)
            .mapToObj(draw -> new Window(text, batch.from() + (long) i * batch.apart(), batch.length(), seed, draw)))).toList();
  }

  /**
   * The likelihood of a text from the scores of its {@link #windows}.
   *
   * @param scores with their terms if the text's are wanted, of one sample
   */
  public static ByToken sum(TarFlowConfig config, TokenSequence text, int samples, List<Nats> scores) {
    List<double[]> windows = new ArrayList<>();
    for (int i = 0; i < scores.size(); i += samples) {
      LogMeanExp weight = new LogMeanExp();
      scores.subList(i, i + samples).forEach(each -> weight.add(each.sum()));
      windows.add(new double[] {-weight.value()});
    }
    double[] terms = scores.stream().filter(each -> each.terms() != null).flatMapToDouble(each -> Arrays.stream(each.terms())).toArray();
    Arrays.setAll(terms, t -> -terms[t]);
    return new ByToken(sum(config, TextBatches.of(config, text.length(), 0), samples, windows), terms);
  }

  /** The log of a mean of exponentials, built up one number at a time without overflow. */
  static final class LogMeanExp {
    private double largest = Double.NEGATIVE_INFINITY;
    private double sum;
    private long count;

    void add(double value) {
      if (value > largest) {
        sum = sum * Math.exp(largest - value) + 1;
        largest = value;
      } else {
        sum += Math.exp(value - largest);
      }
      count++;
    }

    double value() {
      return largest + Math.log(sum / count);
    }
  }
}
