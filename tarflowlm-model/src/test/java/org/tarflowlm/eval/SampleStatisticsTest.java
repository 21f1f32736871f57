package org.tarflowlm.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

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
  void badInputIsNamed() {
    assertEquals("there are no texts; expected at least one",
        assertThrows(IllegalArgumentException.class, () -> SampleStatistics.entropyBits(new int[0][])).getMessage());
    assertEquals("a text has fewer than 5 tokens",
        assertThrows(IllegalArgumentException.class, () -> SampleStatistics.distinct(TEXTS, 5)).getMessage());
  }
}
