package org.tarflowlm.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.text.TokenArray;
import org.tarflowlm.data.text.TokenSequence;
import org.tarflowlm.eval.LikelihoodEstimate.Bound;
import org.tarflowlm.nn.EncoderNoise;
import org.tarflowlm.nn.TarFlowLayer;

/**
 * The likelihood of a sequence of tokens, cut into windows of the model's context length that do not see each other (no carried
 * context); the last window may be shorter. NELBO = -ELBO is an upper bound in expectation over the encoder's noise (paper section 3.1).
 * With K samples it is the tighter importance-weighted bound: of each window, log of the mean over K draws of exp(ELBO).
 */
public final class Likelihood {
  private static final Logger LOG = LogManager.getLogger(Likelihood.class);
  private static final int BATCH = 16;
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
   * @param samples K, at least 1; a discrete model, whose likelihood is exact, takes no samples
   */
  public Likelihood(TarFlowLayer layer, long seed, int samples) {
    if (samples < 1) {
      throw new IllegalArgumentException("samples is " + samples + "; expected at least 1");
    }
    this.layer = layer;
    this.seed = seed;
    this.samples = layer.model().model() == ModelType.TARFLOW ? samples : 1;
  }

  /** Scores tokens held in memory, as {@link #of(TokenSequence)}. */
  public LikelihoodEstimate of(int[] ids) {
    return of(new TokenArray(ids, layer.model().vocabSize()));
  }

  /**
   * Scores a whole sequence, which is read as it is scored. Tokens at the end that do not fill a patch are left out of the sum and of
   * the count.
   *
   * @throws IllegalArgumentException if there is not one whole patch
   * @throws org.tarflowlm.data.DataException if the sequence holds something that is no token
   */
  public LikelihoodEstimate of(TokenSequence tokens) {
    TarFlowConfig config = layer.model();
    int patch = config.model() == ModelType.TARFLOW ? config.patchSize() : 1;
    int length = config.contextLength();
    long usable = tokens.length() / patch * patch;
    if (usable == 0) {
      throw new IllegalArgumentException("the text has " + tokens.length() + " tokens; expected at least " + patch);
    }
    Tally tally = new Tally();
    long whole = usable / length;
    long told = System.nanoTime();
    for (long window = 0; window < whole; window += BATCH) {
      add(tokens, window * length, (int) Math.min(BATCH, whole - window), length, tally);
      if (System.nanoTime() - told > NANOS_BETWEEN_LINES) {
        told = System.nanoTime();
        LOG.info("scored {} of {} tokens: {} bits per token so far", tally.tokens, usable,
            String.format(Locale.ROOT, "%.4f", tally.nats / tally.tokens / Math.log(2)));
      }
    }
    if (usable > whole * length) {
      add(tokens, whole * length, 1, (int) (usable - whole * length), tally);
    }
    return tally.estimate(config.model() == ModelType.TARFLOW ? Bound.importanceWeighted(samples) : Bound.EXACT);
  }

  private void add(TokenSequence tokens, long from, int windows, int length, Tally tally) {
    int[] batch = new int[windows * length];
    tokens.read(from, batch, 0, batch.length);
    LogMeanExp[] weights = new LogMeanExp[windows];
    Arrays.setAll(weights, i -> new LogMeanExp());
    try (INDArray input = Nd4j.createFromArray(batch).reshape(windows, length)) {
      for (int sample = 0; sample < samples; sample++) {
        draw(input, sample, from, weights);
      }
    }
    for (LogMeanExp each : weights) {
      tally.add(-each.value(), length);
    }
  }

  /** One draw of the encoder's noise for a batch of windows, the first of which begins at token {@code from} of the text. */
  private void draw(INDArray input, long draw, long from, LogMeanExp[] weights) {
    int d = layer.model().latentDim();
    try (INDArray noise = EncoderNoise.part(seed, draw, from * d, DataType.FLOAT, input.size(0), input.size(1), d);
        INDArray result = layer.logLikelihood(input, noise)) {
      for (int i = 0; i < weights.length; i++) {
        weights[i].add(result.getDouble(i));
      }
    }
  }

  /** Ratio of sums and the standard error of that ratio. */
  private static final class Tally {
    private final List<double[]> windows = new ArrayList<>();
    private double nats;
    private long tokens;

    void add(double windowNats, int windowTokens) {
      windows.add(new double[] {windowNats, windowTokens});
      nats += windowNats;
      tokens += windowTokens;
    }

    LikelihoodEstimate estimate(Bound bound) {
      double mean = nats / tokens;
      double squares = 0;
      for (double[] window : windows) {
        double residual = window[0] - mean * window[1];
        squares += residual * residual;
      }
      int n = windows.size();
      double error = n < 2 ? Double.NaN : Math.sqrt(squares * n / (n - 1)) / tokens;
      return new LikelihoodEstimate(bound, nats, tokens, error);
    }
  }
}
