package org.tarflowlm.eval;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.nn.NextTokens;
import org.tarflowlm.nn.TarFlowLayer;

/**
 * A token, and how probable a model finds it.
 *
 * @param nats natural log of its probability, at most 0
 */
public record TokenChoice(int token, double nats) {
  /**
   * The most probable tokens at each position of a text, which is read in independent windows, as in scoring.
   *
   * @param count number of most probable tokens per position
   * @param seed of the encoder's noise
   * @return for each position, its own token, then the most probable ones in descending order
   * @throws IllegalArgumentException if the model gives no token probabilities ({@link NextTokens#areKnown})
   */
  public static List<List<TokenChoice>> of(TarFlowLayer layer, TokenSequence tokens, int count, long seed) {
    List<List<TokenChoice>> result = new ArrayList<>();
    int length = layer.model().contextLength();
    for (long from = 0; from < tokens.length(); from += length) {
      int[] window = new int[(int) Math.min(length, tokens.length() - from)];
      tokens.read(from, window, 0, window.length);
      float[][] logits = NextTokens.logits(layer, window, from, seed);
      for (int t = 0; t < window.length; t++) {
        result.add(choices(logits[t], window[t], count));
      }
    }
    return result;
  }

  private static List<TokenChoice> choices(float[] logits, int token, int count) {
    double max = Float.NEGATIVE_INFINITY;
    for (float each : logits) {
      max = Math.max(max, each);
    }
    double sum = 0;
    Comparator<Integer> worstFirst = Comparator.<Integer>comparingDouble(k -> logits[k]).thenComparing(Comparator.reverseOrder());
    PriorityQueue<Integer> best = new PriorityQueue<>(worstFirst);
    for (int k = 0; k < logits.length; k++) {
      sum += Math.exp(logits[k] - max);
      best.add(k);
      if (best.size() > count) {
        best.remove();
      }
    }
    double norm = max + Math.log(sum);
    List<TokenChoice> result = new ArrayList<>();
    result.add(new TokenChoice(token, logits[token] - norm));
    best.stream().sorted(worstFirst.reversed()).forEach(k -> result.add(new TokenChoice(k, logits[k] - norm)));
    return result;
  }
}
