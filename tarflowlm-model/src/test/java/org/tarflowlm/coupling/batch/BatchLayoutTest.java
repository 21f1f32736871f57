package org.tarflowlm.coupling.batch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compares sums, maxima and copies of the layout [K][R] with plain loops. */
class BatchLayoutTest {
  @ParameterizedTest
  @CsvSource({"1, 1", "2, 5", "3, 4", "27, 13", "64, 1", "5, 300"})
  void sumsMaximaAndCopies(int k, int rows) {
    Random random = new Random(k);
    float[] source = new float[rows * (k + 2)];
    for (int i = 0; i < source.length; i++) {
      source[i] = (float) random.nextGaussian();
    }
    BatchWorkspace w = new BatchWorkspace();
    w.ensure(1, k, rows);
    float[] cells = new float[k * rows];
    BatchLayout.gather(source, 1, k + 2, cells, k, rows);
    float[] sums = new float[rows];
    float[] largest = new float[rows];
    BatchLayout.sum(cells, k, rows, sums, w);
    BatchLayout.max(cells, k, rows, largest, w);
    for (int row = 0; row < rows; row++) {
      double sum = 0;
      float max = Float.NEGATIVE_INFINITY;
      for (int j = 0; j < k; j++) {
        assertEquals(source[row * (k + 2) + 1 + j], cells[j * rows + row]);
        sum += cells[j * rows + row];
        max = Math.max(max, cells[j * rows + row]);
      }
      assertEquals(sum, sums[row], 1e-5);
      assertEquals(max, largest[row]);
    }
    float[] back = source.clone();
    for (int row = 0; row < rows; row++) {
      for (int j = 0; j < k; j++) {
        back[row * (k + 2) + 1 + j] = 0;
      }
    }
    BatchLayout.scatter(cells, k, rows, back, 1, k + 2);
    assertArrayEquals(source, back);
    float[] repeated = new float[k * rows];
    BatchLayout.repeat(sums, repeated, rows, k * rows);
    for (int i = 0; i < k * rows; i++) {
      assertEquals(sums[i % rows], repeated[i]);
    }
  }

  @Test
  void partsOfRowsFitIntoTheCache() {
    assertEquals(1, BatchLayout.rows(1, 27));
    assertEquals(1, BatchLayout.rows(40, 50_257));
    for (int count : new int[] {1, 7, 200, 331}) {
      for (int k : new int[] {1, 2, 27, 64, 3000}) {
        int rows = BatchLayout.rows(count, k);
        assertTrue(rows >= 1 && rows <= count && (rows == 1 || rows * k <= 4096), count + " rows, K = " + k);
      }
    }
  }
}
