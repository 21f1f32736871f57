package org.tarflowlm.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.tarflowlm.kernel.TestArrays.normal;

import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Compares the gradients of {@link Naive}, the kernels' reference, with finite differences. */
class NaiveTest {
  private final Random random = new Random(11);

  @Test
  void linear() {
    double[] x = normal(random, 6, 1);
    double[] w = normal(random, 12, 1);
    double[] bias = normal(random, 4, 1);
    double[] dy = normal(random, 8, 1);
    double[][] gradient = Naive.linearGradient(x, w, dy, 2, 3, 4);
    check(x, v -> Naive.linear(v, w, bias, null, 2, 3, 4), dy, gradient[0]);
    check(w, v -> Naive.linear(x, v, bias, null, 2, 3, 4), dy, gradient[1]);
    check(bias, v -> Naive.linear(x, w, v, null, 2, 3, 4), dy, gradient[2]);
  }

  @Test
  void layerNorm() {
    double[] x = normal(random, 10, 1);
    double[] gain = normal(random, 5, 1);
    double[] bias = normal(random, 5, 1);
    double[] dy = normal(random, 10, 1);
    double[][] gradient = Naive.layerNormGradient(x, gain, dy, 2, 5);
    check(x, v -> Naive.layerNorm(v, gain, bias, 2, 5), dy, gradient[0]);
    check(gain, v -> Naive.layerNorm(x, v, bias, 2, 5), dy, gradient[1]);
    check(bias, v -> Naive.layerNorm(x, gain, v, 2, 5), dy, gradient[2]);
  }

  @Test
  void biasGelu() {
    double[] x = normal(random, 12, 2);
    double[] bias = normal(random, 4, 1);
    double[] dy = normal(random, 12, 1);
    double[][] gradient = Naive.biasGeluGradient(x, bias, dy, 3, 4);
    check(x, v -> Naive.biasGelu(v, bias, 3, 4), dy, gradient[0]);
    check(bias, v -> Naive.biasGelu(x, v, 3, 4), dy, gradient[1]);
    assertEquals(0.9750021048517795, Naive.normalCdf(1.96), 1e-15);
    assertEquals(0.0013498980316300933, Naive.normalCdf(-3), 1e-15);
  }

  @Test
  void attention() {
    double[] qkv = normal(random, 2 * 4 * 3 * 6, 1);
    double[] dOut = normal(random, 2 * 4 * 6, 1);
    check(qkv, v -> Naive.attention(v, 2, 4, 6, 2), dOut, Naive.attentionGradient(qkv, dOut, 2, 4, 6, 2));
  }

  @Test
  void embeddingAndShift() {
    int[] ids = {2, 0, 2, 1, 2, 2};
    double[] table = normal(random, 9, 1);
    double[] dOut = normal(random, 18, 1);
    check(table, v -> Naive.embedding(v, ids, 3), dOut, Naive.embeddingGradient(dOut, ids, 3, 3));
    double[] e = normal(random, 18, 1);
    double[] start = normal(random, 3, 1);
    double[] position = normal(random, 12, 1);
    double[][] gradient = Naive.shiftPositionGradient(dOut, 2, 3, 4, 3);
    check(e, v -> Naive.shiftPosition(v, start, position, 2, 3, 3), dOut, gradient[0]);
    check(start, v -> Naive.shiftPosition(e, v, position, 2, 3, 3), dOut, gradient[1]);
    check(position, v -> Naive.shiftPosition(e, start, v, 2, 3, 3), dOut, gradient[2]);
  }

  @Test
  void crossEntropy() {
    int[] ids = {2, 0, 1};
    double[] logits = normal(random, 12, 2);
    double[] dLoss = normal(random, 3, 1);
    check(logits, v -> Naive.crossEntropy(v, ids, 3, 4), dLoss, Naive.crossEntropyGradient(logits, ids, dLoss, 3, 4));
  }

  private static void check(double[] at, Function<double[], double[]> f, double[] dOut, double[] gradient) {
    assertEquals(at.length, gradient.length);
    double step = 1e-5;
    for (int i = 0; i < at.length; i++) {
      double[] up = at.clone();
      double[] down = at.clone();
      up[i] += step;
      down[i] -= step;
      double difference = (dot(f.apply(up), dOut) - dot(f.apply(down), dOut)) / (2 * step);
      assertEquals(difference, gradient[i], 1e-8 * Math.max(1, Math.abs(difference)), "element " + i);
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
