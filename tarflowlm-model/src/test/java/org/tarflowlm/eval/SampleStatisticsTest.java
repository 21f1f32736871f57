package org.tarflowlm.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.tarflowlm.eval.SampleStatistics.Bits;

class SampleStatisticsTest {
  private static final int[][] TEXTS = {{0, 1, 0, 1}, {2, 2, 2, 2}};

  @Test
  void entropyIsThatOfEachTextByItself() {
    assertEquals((1.0 + 0.0) / 2, SampleStatistics.entropyBits(TEXTS), 1e-12);
    assertEquals(2.0, SampleStatistics.entropyBits(new int[][] {{3, 1, 7, 5}}), 1e-12);
  }

  @Test
  void distinctCountsOverAllTexts() {
    assertEquals(3.0 / 8, SampleStatistics.distinct(TEXTS, 1), 1e-12);
    assertEquals(3.0 / 6, SampleStatistics.distinct(TEXTS, 2), 1e-12);
    assertEquals(1.0, SampleStatistics.distinct(new int[][] {{1, 2, 3}}, 3), 1e-12);
  }

  @Test
  void textsThatContinuePromptsAreMeasuredWithoutThem() {
    int[][] prompts = {{9, 9}, {7}};
    int[][] texts = {{0, 1, 0, 1, 0, 1, 0, 1}, {2, 2, 2, 2, 2, 2, 2, 2, 2, 2}};
    List<int[]> compared = new ArrayList<>();
    SampleStatistics found = SampleStatistics.of(prompts, texts,
        Map.of("squares", text -> new Bits(3.0 * text.length * text.length, text.length)), whole -> {
          compared.addAll(List.of(whole));
          return 0.25;
        });
    assertEquals(0.5, found.entropyBits(), 1e-12);
    assertEquals(List.of("2", "4", "8"), List.copyOf(found.distinct().keySet()));
    assertEquals(3.0 / 16, found.distinct().get("2"), 1e-12);
    assertEquals((3.0 * (100 - 4) / 8 + 3.0 * (121 - 1) / 10) / 2, found.bitsPerCharacter().get("squares"), 1e-12);
    assertEquals(0.25, found.frontier());
    assertArrayEquals(new int[] {9, 9, 0, 1, 0, 1, 0, 1, 0, 1}, compared.get(0));

    SampleStatistics alone = SampleStatistics.of(new int[2][0], texts, Map.of("squares", text -> new Bits(2.0 * text.length, 4)), null);
    assertEquals((16.0 / 4 + 20.0 / 4) / 2, alone.bitsPerCharacter().get("squares"), 1e-12);
    assertNull(alone.frontier());
  }

  @Test
  void badInputIsNamed() {
    assertEquals("there are no texts; expected at least one",
        assertThrows(IllegalArgumentException.class, () -> SampleStatistics.entropyBits(new int[0][])).getMessage());
    assertEquals("a text has fewer than 5 tokens",
        assertThrows(IllegalArgumentException.class, () -> SampleStatistics.distinct(TEXTS, 5)).getMessage());
    assertEquals("a text has fewer than 2 tokens", assertThrows(IllegalArgumentException.class,
        () -> SampleStatistics.of(new int[1][0], new int[1][1], Map.of(), null)).getMessage());
  }
}
