package org.tarflowlm.eval;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** How varied generated texts are, without a model to judge them (paper section 4.3 reports the entropy). */
public final class SampleStatistics {
  private SampleStatistics() {}

  /**
   * Mean over the texts of the entropy of a text's own token frequencies, in bits: low for texts that repeat themselves.
   *
   * @param texts [texts][tokens]
   * @throws IllegalArgumentException if there is no text, or an empty one
   */
  public static double entropyBits(int[][] texts) {
    requireTokens(texts, 1);
    double total = 0;
    for (int[] text : texts) {
      Map<Integer, Integer> counts = new HashMap<>();
      for (int token : text) {
        counts.merge(token, 1, Integer::sum);
      }
      for (int count : counts.values()) {
        double p = (double) count / text.length;
        total -= p * Math.log(p) / Math.log(2);
      }
    }
    return total / texts.length;
  }

  /**
   * Distinct-n: different n-grams of all texts together, divided by the number of n-grams.
   *
   * @throws IllegalArgumentException if no text, or one of fewer than n tokens, is given
   */
  public static double distinct(int[][] texts, int n) {
    requireTokens(texts, n);
    Set<ByteBuffer> seen = new HashSet<>();
    long total = 0;
    for (int[] text : texts) {
      for (int t = 0; t + n <= text.length; t++) {
        ByteBuffer gram = ByteBuffer.allocate(n * Integer.BYTES);
        Arrays.stream(text, t, t + n).forEach(gram::putInt);
        seen.add(gram.flip());
        total++;
      }
    }
    return (double) seen.size() / total;
  }

  private static void requireTokens(int[][] texts, int least) {
    if (texts.length == 0 || Arrays.stream(texts).anyMatch(text -> text.length < least)) {
      throw new IllegalArgumentException(texts.length == 0 ? "there are no texts; expected at least one"
          : "a text has fewer than " + least + (least == 1 ? " token" : " tokens"));
    }
  }
}
