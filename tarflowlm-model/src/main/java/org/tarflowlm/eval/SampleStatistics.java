package org.tarflowlm.eval;

import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Measures how varied generated texts are (paper section 4.3 reports the entropy), how likely judges find them, and how close they come
 * to human texts.
 *
 * @param entropyBits result of {@link #entropyBits(int[][])}
 * @param distinct results of {@link #distinct(int[][], int)}, by n
 * @param bitsPerCharacter mean over the texts, by judge; for texts that continue prompts, given the prompts
 * @param frontier closeness to human texts, as by {@link DivergenceFrontier}; null if not measured
 */
public record SampleStatistics(double entropyBits, Map<String, Double> distinct, Map<String, Double> bitsPerCharacter, Double frontier) {
  private static final int[] GRAMS = {2, 4, 8};
  /** The fewest tokens that a text may have: the length of the longest n-grams. */
  public static final int LEAST = 8;

  /** How likely a judge finds a text: its total bits, and its length in characters. */
  public record Bits(double bits, long characters) {}

  /**
   * Measures texts.
   *
   * @param prompts [texts][tokens], the prompts that the texts continue; may be empty
   * @param texts [texts][tokens], without the prompts
   * @param judges by name
   * @param frontier measures prompts and texts together, [texts][tokens]; or null
   * @throws IllegalArgumentException if there is no text, or one of fewer than {@value #LEAST} tokens
   */
  public static SampleStatistics of(int[][] prompts, int[][] texts, Map<String, Function<int[], Bits>> judges,
      ToDoubleFunction<int[][]> frontier) {
    int[][] whole = new int[texts.length][];
    Arrays.setAll(whole, i -> IntStream.concat(Arrays.stream(prompts[i]), Arrays.stream(texts[i])).toArray());
    Map<String, Double> distinct = new LinkedHashMap<>();
    Arrays.stream(GRAMS).forEach(n -> distinct.put(Integer.toString(n), distinct(texts, n)));
    Map<String, Double> bits = new LinkedHashMap<>();
    judges.forEach((name, judge) -> bits.put(name, IntStream.range(0, texts.length)
        .mapToDouble(i -> bitsPerCharacter(judge, prompts[i], whole[i])).average().orElseThrow()));
    return new SampleStatistics(entropyBits(texts), distinct, bits, frontier == null ? null : frontier.applyAsDouble(whole));
  }

  /** Bits per character of a continuation given its prompt: the bits of both together minus those of the prompt alone. */
  private static double bitsPerCharacter(Function<int[], Bits> judge, int[] prompt, int[] whole) {
    Bits all = judge.apply(whole);
    Bits known = prompt.length == 0 ? new Bits(0, 0) : judge.apply(prompt);
    return (all.bits() - known.bits()) / (all.characters() - known.characters());
  }

  /**
   * Mean over the texts of the entropy of each text's token frequencies, in bits; low for texts that repeat themselves.
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
   * Distinct-n: the number of different n-grams in all texts together, divided by the number of all n-grams.
   *
   * @throws IllegalArgumentException if no text, or one of fewer than n tokens, is given
   */
  public static double distinct(int[][] texts, int n) {
    requireTokens(texts, n);
    Set<IntBuffer> seen = new HashSet<>();
    long total = 0;
    for (int[] text : texts) {
      for (int t = 0; t + n <= text.length; t++) {
        seen.add(IntBuffer.wrap(text, t, n));
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
