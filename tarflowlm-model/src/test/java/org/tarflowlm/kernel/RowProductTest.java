package org.tarflowlm.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Products and attention of passes that go token by token are right, and the same however a caller groups rows. */
class RowProductTest {

  @ParameterizedTest
  @CsvSource({"128, 384", "512, 128", "37, 19", "5, 128", "128, 27", "700, 500"})
  void aRowDoesNotDependOnTheOthers(int in, int out) {
    float[] weight = floats(in * out, 1);
    float[] bias = floats(out, 2);
    float[] x = floats(20 * in, 3);
    for (boolean inNativeMemory : RowProduct.NATIVE ? new boolean[] {true, false} : new boolean[] {false}) {
      RowProduct product = new RowProduct(weight, bias, in, out, inNativeMemory);
      float[] together = new float[20 * out];
      product.run(x, 20, together);
      for (int r = 0; r < 20; r++) {
        float[] alone = new float[out];
        product.run(Arrays.copyOfRange(x, r * in, (r + 1) * in), 1, alone);
        assertArrayEquals(alone, Arrays.copyOfRange(together, r * out, (r + 1) * out));
        for (int o = 0; o < out; o++) {
          double expected = bias[o];
          for (int i = 0; i < in; i++) {
            expected += (double) x[r * in + i] * weight[i * out + o];
          }
          assertEquals(expected, alone[o], 1e-5 * in);
        }
      }
    }
    assertThrows(IllegalArgumentException.class, () -> new RowProduct(weight, bias, in + 1, out));
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 32})
  void attentionDoesNotDependOnTheGroups(int headWidth) {
    int positions = 45;
    int width = 2 * headWidth;
    float[] qkv = floats(positions * 3 * width, 4);
    int[] sequence = new int[positions];
    int[] position = new int[positions];
    Arrays.setAll(position, p -> p);
    boolean canBeNative = RowProduct.NATIVE && headWidth % RowProduct.VECTOR == 0;
    for (boolean inNativeMemory : canBeNative ? new boolean[] {true, false} : new boolean[] {false}) {
      float[] together = new float[positions * width];
      CachedAttention attention = new CachedAttention(1, positions, width, 2, inNativeMemory);
      attention.remember(qkv, 0, positions, sequence, position);
      attention.attend(qkv, 0, positions, sequence, position, together);
      float[] apart = new float[positions * width];
      CachedAttention stepwise = new CachedAttention(1, positions, width, 2, inNativeMemory);
      for (int r = 0; r < positions; r++) {
        stepwise.remember(qkv, r, r + 1, sequence, position);
        stepwise.attend(qkv, r, r + 1, sequence, position, apart);
      }
      assertArrayEquals(together, apart);
      for (int h = 0; h < 2; h++) {
        for (int r = 0; r < positions; r++) {
          double[] expected = naive(qkv, r, h, headWidth);
          for (int c = 0; c < headWidth; c++) {
            assertEquals(expected[c], together[r * width + h * headWidth + c], 1e-4);
          }
        }
      }
    }
  }

  private static float[] floats(int length, int seed) {
    double[] values = TestArrays.normal(new Random(seed), length, 1);
    float[] result = new float[length];
    for (int i = 0; i < length; i++) {
      result[i] = (float) values[i];
    }
    return result;
  }

  private static double[] naive(float[] qkv, int row, int h, int headWidth) {
    int stride = 6 * headWidth;
    double[] sum = new double[headWidth];
    double total = 0;
    for (int p = 0; p <= row; p++) {
      double score = 0;
      for (int c = 0; c < headWidth; c++) {
        score += qkv[row * stride + h * headWidth + c] * qkv[p * stride + (2 + h) * headWidth + c];
      }
      double weight = Math.exp(score / Math.sqrt(headWidth));
      total += weight;
      for (int c = 0; c < headWidth; c++) {
        sum[c] += weight * qkv[p * stride + (4 + h) * headWidth + c];
      }
    }
    for (int c = 0; c < headWidth; c++) {
      sum[c] /= total;
    }
    return sum;
  }
}
