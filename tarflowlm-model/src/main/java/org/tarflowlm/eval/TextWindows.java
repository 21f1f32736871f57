package org.tarflowlm.eval;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.nn.EncoderNoise;
import org.tarflowlm.nn.PaddedWindows;
import org.tarflowlm.nn.TarFlowLayer;
import org.tarflowlm.nn.TokenTerms;

/**
 * Scores windows of any texts in few runs of the graph. A batch holds windows that fill the context, or shorter ones padded to the same
 * length. Batch sizes are powers of two, with a vocabulary of many tokens also 3 and 6: few enough for a graph to keep a recorded run of
 * each and repeat it.
 */
public final class TextWindows {
  /** Most windows of the context length in a batch. */
  static final int FULL = 16;
  /** Most windows of any length in a batch. */
  private static final int MOST = 128;
  /** Vocabularies up to which repeating a window is cheaper than another run. With larger ones, a run costs most of a window besides. */
  private static final int SMALL_VOCABULARY = 2_048;

  private TextWindows() {}

  /**
   * A window of a text.
   *
   * @param from index in the text of the window's first token; with the seed and the draw it selects the encoder's noise
   * @param length number of tokens: whole patches, at most the context length
   * @param seed seed of the noise
   * @param draw index of the draw of noise, from 0
   */
  public record Window(TokenSequence text, long from, int length, long seed, long draw) {
    private EncoderNoise.Part noise() {
      return new EncoderNoise.Part(seed, draw, from, length);
    }
  }

  /**
   * The log-likelihood of a window in nats.
   *
   * @param sum nats of the whole window
   * @param terms nats of each token; null if not requested
   */
  public record Nats(double sum, double[] terms) {}

  /**
   * Scores each window independently of the others. Where {@link PaddedWindows#keepBits} is true, the other windows do not change a bit of
   * its score; elsewhere rounding to single precision may change the last digits.
   *
   * @param terms whether to keep the tokens' terms
   * @return log-likelihoods in nats, in the order of the windows
   */
  public static Nats[] score(TarFlowLayer layer, List<Window> windows, boolean terms) {
    Nats[] result = new Nats[windows.size()];
    TarFlowConfig config = layer.model();
    Map<Integer, List<Integer>> byLength = IntStream.range(0, result.length).boxed()
        .collect(Collectors.groupingBy(i -> padded(config, windows.get(i).length()), TreeMap::new, Collectors.toList()));
    byLength.forEach((tokens, chosen) -> {
      int most = Math.min(MOST, Integer.highestOneBit(FULL * config.contextLength() / Math.abs(tokens)));
      for (int done = 0; done < chosen.size();) {
        int[] batch = batch(chosen, done, most, config.vocabSize() <= SMALL_VOCABULARY);
        score(layer, windows, batch, terms, result);
        done += batch.length;
      }
    });
    return result;
  }

  /** Length in tokens of the padded window; negative if the text fills the context. */
  private static int padded(TarFlowConfig config, int length) {
    return length == config.contextLength() ? -length : PaddedWindows.tokens(config, length);
  }

  /** The next windows to score together; {@code repeats} the last window if few are missing to a power of two. */
  private static int[] batch(List<Integer> chosen, int done, int most, boolean repeats) {
    int left = chosen.size() - done;
    int size = Math.min(most, Integer.highestOneBit(left));
    if (repeats && 2 * size <= most && 4 * left >= 3 * 2 * size) {
      size *= 2;
    } else if (!repeats && size <= most / 2 && size < 8 && 2 * left >= 3 * size) {
      size += size / 2;
    }
    return IntStream.range(done, done + size).map(i -> chosen.get(Math.min(i, chosen.size() - 1))).toArray();
  }

  /** @param chosen indices of windows with the same padded length */
  private static void score(TarFlowLayer layer, List<Window> windows, int[] chosen, boolean terms, Nats[] result) {
    TarFlowConfig config = layer.model();
    List<Window> batch = Arrays.stream(chosen).mapToObj(windows::get).toList();
    int tokens = Math.abs(padded(config, batch.get(0).length()));
    boolean isFull = batch.get(0).length() == config.contextLength();
    int[] ids = new int[chosen.length * tokens];
    for (int b = 0; b < chosen.length; b++) {
      batch.get(b).text().read(batch.get(b).from(), ids, b * tokens, batch.get(b).length());
    }
    try (INDArray input = Nd4j.createFromArray(ids);
        INDArray noise = config.isFlow()
            ? EncoderNoise.parts(batch.stream().map(Window::noise).toList(), tokens, config.latentDim()) : null) {
      INDArray shaped = input.reshape(chosen.length, tokens);
      if (isFull && !terms) {
        try (INDArray sums = layer.logLikelihood(shaped, noise)) {
          for (int b = 0; b < chosen.length; b++) {
            result[chosen[b]] = new Nats(sums.getDouble(b), null);
          }
        }
        return;
      }
      TokenTerms.Terms found = TokenTerms.of(layer, shaped, noise, isFull ? null : batch.stream().mapToInt(Window::length).toArray());
      for (int b = 0; b < chosen.length; b++) {
        result[chosen[b]] = new Nats(found.sums()[b], terms ? found.terms()[b] : null);
      }
    }
  }
}
