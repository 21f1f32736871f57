package org.tarflowlm.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class FloatLoopsTest {
  @Test
  void exp() {
    float[] x = new float[40_001];
    for (int i = 0; i < x.length; i++) {
      x[i] = -i / 1_000f;
    }
    float[] y = x.clone();
    FloatMath.coarseExp(y, y.length);
    assertEquals(1f, y[0]);
    for (int i = 0; i < x.length; i++) {
      assertEquals(1, y[i] / Math.exp(x[i]), i <= 20_000 ? 1e-5 : 2e-5, "exp(" + x[i] + ")");
    }
  }

  @Test
  void expFarOutIsZero() {
    float[] x = {-150, -1e4f, -1e30f, Float.NEGATIVE_INFINITY};
    FloatMath.coarseExp(x, x.length);
    assertArrayEquals(new float[4], x);
  }

  @Test
  void reductions() {
    for (int n = 1; n < 40; n++) {
      float[] x = new float[n + 2];
      x[0] = 1e9f;
      x[n + 1] = 1e9f;
      for (int i = 1; i <= n; i++) {
        x[i] = (i * 7) % 11 - 20;
      }
      float sum = 0;
      float max = -100;
      for (int i = 1; i <= n; i++) {
        sum += x[i];
        max = Math.max(max, x[i]);
      }
      assertEquals(sum, FloatLoops.sum(x, 1, n));
      assertEquals(max, FloatLoops.max(x, 1, n));
    }
  }

  @Test
  void rows() {
    for (int rows = 1; rows < 20; rows++) {
      float[] x = new float[rows * 3];
      for (int i = 0; i < x.length; i++) {
        x[i] = (i * 5) % 17;
      }
      float[] sum = new float[3];
      float[] max = new float[3];
      for (int i = 0; i < x.length; i++) {
        sum[i % 3] += x[i];
        max[i % 3] = Math.max(max[i % 3], x[i]);
      }
      float[] spare = new float[x.length];
      float[] y = x.clone();
      FloatLoops.addRows(y, 3, y.length, spare);
      assertArrayEquals(sum, java.util.Arrays.copyOf(y, 3));
      y = x.clone();
      FloatLoops.maxRows(y, 3, y.length, spare);
      assertArrayEquals(max, java.util.Arrays.copyOf(y, 3));
      FloatLoops.repeat(y, 3, y.length);
      for (int i = 0; i < y.length; i++) {
        assertEquals(max[i % 3], y[i]);
      }
    }
  }
}
