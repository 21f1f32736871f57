package org.tarflowlm.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.tarflowlm.eval.GapBits.Bits;

class GapBitsTest {
  private static final int[][] TEXTS = {{1, 1, 5, 5, 2, 2}, {1, 1, 7, 7, 2, 2}};

  /** A judge that counts a token's number as its bits, and the last token twice. */
  private static double bits(int[] text) {
    return Arrays.stream(text).sum() + text[text.length - 1];
  }

  @Test
  void partsAreDifferencesOfLongerAndShorterTexts() {
    int[][] truth = {{5, 5}, {7, 7}};
    int[][] filled = {{6, 6}, {9, 9}};
    List<Map<String, Bits>> found = new GapBits(TEXTS, 2, 2, 1).of(List.of(truth, filled), GapBitsTest::bits);
    assertEquals(List.of("gap", "next 1", "gap and all after"), List.copyOf(found.get(0).keySet()));
    // 1 1 5 5 has 12 + 5 bits, 1 1 has 2 + 1; 1 1 7 7 has 16 + 7
    assertEquals((14.0 / 2 + 20.0 / 2) / 2, found.get(0).get("gap").bitsPerToken().mean(), 1e-12);
    assertEquals((17.0 / 2 + 26.0 / 2) / 2, found.get(1).get("gap").bitsPerToken().mean(), 1e-12);
    assertEquals(0, found.get(0).get("gap").moreThanTrueText().mean());
    assertEquals((3.0 / 2 + 6.0 / 2) / 2, found.get(1).get("gap").moreThanTrueText().mean(), 1e-12);
    // the next token has 2 bits, and counts twice in place of the gap's last one
    assertEquals((-1.0 - 3.0) / 2, found.get(0).get("next 1").bitsPerToken().mean(), 1e-12);
    assertEquals((15.0 / 4 + 19.0 / 4) / 2, found.get(0).get("gap and all after").bitsPerToken().mean(), 1e-12);
  }

  @Test
  void whereNothingFollowsTheGapIsTheOnlyPart() {
    List<int[][]> truth = List.<int[][]>of(new int[][] {{5, 5, 2, 2}, {7, 7, 2, 2}});
    assertEquals(List.of("gap"), List.copyOf(new GapBits(TEXTS, 2, 4, 0).of(truth, GapBitsTest::bits).get(0).keySet()));
  }
}
