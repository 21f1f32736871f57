package org.tarflowlm.eval;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * Measures how likely a judge finds texts that fill a gap in pieces of a real text, given the text before the gap. It reports bits per
 * token of the gap, of the first tokens after it (where a bad join shows), and of the gap and everything after it. Each figure is the
 * difference between the bits of a longer and a shorter text.
 *
 * @param texts [pieces][tokens], all of the same length
 * @param left number of tokens before the gap
 * @param gap number of tokens in the gap
 * @param join number of tokens after the gap that are also measured by themselves; 0 if none follow
 */
public record GapBits(int[][] texts, int left, int gap, int join) {
  /**
   * Bits of one part of the text.
   *
   * @param bitsPerToken mean over the pieces; JSON calls it bitsPerCharacter, which it is for tokenizers of characters
   * @param moreThanTrueText mean over the pieces of the difference from the true text
   */
  public record Bits(@JsonProperty("bitsPerCharacter") MeanEstimate bitsPerToken, MeanEstimate moreThanTrueText) {}

  /**
   * Measures fillings with one judge.
   *
   * @param fillings each [pieces][gap]; the first is the true text
   * @param judge gives the total bits of a text
   * @return for each filling, the bits of its parts by the part's name
   */
  public List<Map<String, Bits>> of(List<int[][]> fillings, ToDoubleFunction<int[]> judge) {
    double[] known = Arrays.stream(texts).mapToDouble(text -> judge.applyAsDouble(Arrays.copyOf(text, left))).toArray();
    List<Map<String, Bits>> result = new ArrayList<>();
    Map<String, double[]> ofTrueText = new LinkedHashMap<>();
    for (int[][] filling : fillings) {
      Map<String, Bits> bits = new LinkedHashMap<>();
      parts(filling, known, judge).forEach((part, values) -> {
        ofTrueText.putIfAbsent(part, values);
        bits.put(part, new Bits(MeanEstimate.of(values), MeanEstimate.ofDifferences(values, ofTrueText.get(part))));
      });
      result.add(bits);
    }
    return result;
  }

  /** Bits per token of each piece, for every part. Texts of one length are judged in a row, since a judge builds a graph per length. */
  private Map<String, double[]> parts(int[][] filled, double[] known, ToDoubleFunction<int[]> judge) {
    int[][] whole = new int[texts.length][];
    Arrays.setAll(whole, i -> {
      int[] text = texts[i].clone();
      System.arraycopy(filled[i], 0, text, left, gap);
      return text;
    });
    double[] upToGap = bits(whole, left + gap, judge);
    Map<String, double[]> result = new LinkedHashMap<>();
    result.put("gap", perToken(upToGap, known, gap));
    if (join > 0) {
      result.put("next " + join, perToken(bits(whole, left + gap + join, judge), upToGap, join));
      result.put("gap and all after", perToken(bits(whole, whole[0].length, judge), known, whole[0].length - left));
    }
    return result;
  }

  /** Bits of the first {@code length} tokens of each text. */
  private static double[] bits(int[][] texts, int length, ToDoubleFunction<int[]> judge) {
    return Arrays.stream(texts).mapToDouble(text -> judge.applyAsDouble(Arrays.copyOf(text, length))).toArray();
  }

  private static double[] perToken(double[] longer, double[] shorter, int tokens) {
    double[] result = new double[longer.length];
    Arrays.setAll(result, i -> (longer[i] - shorter[i]) / tokens);
    return result;
  }
}
