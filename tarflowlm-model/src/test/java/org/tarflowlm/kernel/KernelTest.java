package org.tarflowlm.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.tarflowlm.kernel.TestArrays.assertClose;
import static org.tarflowlm.kernel.TestArrays.copyOf;
import static org.tarflowlm.kernel.TestArrays.ids;
import static org.tarflowlm.kernel.TestArrays.normal;
import static org.tarflowlm.kernel.TestArrays.read;
import static org.tarflowlm.kernel.TestArrays.room;

import java.util.Arrays;
import java.util.Random;
import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tarflowlm.config.BlockMask;

/** Compares every kernel, forward and all gradients, with the naive double-precision formulas. */
class KernelTest {
  private final Random random = new Random(7);

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "3, 5, 7", "70, 33, 19", "257, 96, 40", "130, 24, 300"})
  void linear(int rows, int in, int out) {
    double[] x = normal(random, rows * in, 1);
    double[] w = normal(random, in * out, 1 / Math.sqrt(in));
    double[] bias = normal(random, out, 1);
    double[] residual = normal(random, rows * out, 1);
    FloatPointer y = room(rows * out);
    Linear.forward(copyOf(x), copyOf(w), null, null, y, rows, in, out);
    assertClose("y", Naive.linear(x, w, null, null, rows, in, out), y, 2e-6);
    Linear.forward(copyOf(x), copyOf(w), copyOf(bias), null, y, rows, in, out);
    assertClose("y with bias", Naive.linear(x, w, bias, null, rows, in, out), y, 2e-6);
    Linear.forward(copyOf(x), copyOf(w), copyOf(bias), copyOf(residual), y, rows, in, out);
    assertClose("y with residual", Naive.linear(x, w, bias, residual, rows, in, out), y, 2e-6);

    double[] dy = normal(random, rows * out, 1);
    double[][] expected = Naive.linearGradient(x, w, dy, rows, in, out);
    for (boolean withBias : new boolean[] {true, false}) {
      FloatPointer dx = room(rows * in);
      FloatPointer dw = room(in * out);
      FloatPointer db = room(out);
      Linear.backward(copyOf(x), copyOf(w), copyOf(dy), dx, dw, withBias ? db : null, rows, in, out);
      assertClose("dx", expected[0], dx, 2e-6);
      assertClose("dw", expected[1], dw, 2e-6);
      if (withBias) {
        assertClose("db", expected[2], db, 2e-6);
      }
    }
  }

  /** Bit for bit where the matrix products allow it. */
  @ParameterizedTest
  @CsvSource({"24, 5", "144, 3", "256, 5", "128, 4", "100, 7"})
  void aSequenceIsComputedAsByItself(int sequence, int sequences) {
    int in = 40;
    int out = 33;
    int hidden = 600;
    FloatPointer x = copyOf(normal(random, sequences * sequence * in, 1));
    FloatPointer w = copyOf(normal(random, in * hidden, 1));
    FloatPointer bias = copyOf(normal(random, hidden, 1));
    float[][] whole = forward(x, w, bias, sequences, sequence, in, out, hidden);
    for (int i = 0; i < sequences; i++) {
      FloatPointer own = new FloatPointer((long) sequence * in);
      own.put(Arrays.copyOfRange(read(x, sequences * sequence * in), i * sequence * in, (i + 1) * sequence * in));
      float[][] alone = forward(own, w, bias, 1, sequence, in, out, hidden);
      for (int k = 0; k < alone.length; k++) {
        assertArrayEquals(Arrays.copyOfRange(whole[k], i * alone[k].length, (i + 1) * alone[k].length), alone[k],
            Gemm.keepsSequences(sequence) ? 0 : 1e-2f, "sequence " + i);
      }
    }
  }

  private static float[][] forward(FloatPointer x, FloatPointer w, FloatPointer bias, int sequences, int sequence, int in, int out,
      int hidden) {
    int rows = sequences * sequence;
    FloatPointer linear = room(rows * out);
    FloatPointer forward = room(rows * in);
    Linear.forward(x, w, bias, null, linear, rows, sequence, in, out);
    FeedForward.forward(x, w, bias, w, bias, x, forward, room(rows * hidden), rows, sequence, in, hidden);
    return new float[][] {read(linear, rows * out), read(forward, rows * in)};
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 0", "3, 7, 0", "130, 33, 50", "300, 128, 3", "5, 20000, 1"})
  void layerNorm(int rows, int width, double mean) {
    double[] x = normal(random, rows * width, 2);
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (x[i] + mean);
    }
    double[] gain = normal(random, width, 1);
    double[] bias = normal(random, width, 1);
    FloatPointer y = room(rows * width);
    LayerNorm.forward(copyOf(x), copyOf(gain), copyOf(bias), y, rows, width);
    assertClose("y", Naive.layerNorm(x, gain, bias, rows, width), y, 5e-6);

    double[] dy = normal(random, rows * width, 1);
    FloatPointer dx = room(rows * width);
    FloatPointer dGain = room(width);
    FloatPointer dBias = room(width);
    LayerNorm.backward(copyOf(x), copyOf(gain), copyOf(dy), dx, dGain, dBias, rows, width);
    double[][] expected = Naive.layerNormGradient(x, gain, dy, rows, width);
    assertClose("dx", expected[0], dx, 5e-6);
    assertClose("dGain", expected[1], dGain, 5e-6);
    assertClose("dBias", expected[2], dBias, 5e-6);
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "3, 7, 3", "300, 33, 1", "200, 64, 4", "3, 5000, 2"})
  void biasGelu(int rows, int width, double scale) {
    double[] x = normal(random, rows * width, scale);
    double[] bias = normal(random, width, 1);
    FloatPointer y = room(rows * width);
    BiasGelu.Biases biases = BiasGelu.biases(copyOf(bias), width);
    BiasGelu.forward(copyOf(x), biases, y, rows);
    assertClose("y", Naive.biasGelu(x, bias, rows, width), y, 1e-6);

    double[] dy = normal(random, rows * width, 1);
    FloatPointer dx = copyOf(dy);
    BiasGelu.ColumnSums sums = new BiasGelu.ColumnSums(biases);
    BiasGelu.backward(copyOf(x), biases, null, dx, sums, rows);
    float[] dBias = new float[width];
    sums.write(dBias, 0);
    double[][] expected = Naive.biasGeluGradient(x, bias, dy, rows, width);
    assertClose("dx", expected[0], dx, 2e-6);
    assertClose("dBias", expected[1], new FloatPointer(dBias), 2e-6);
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "3, 5, 7", "70, 33, 19", "700, 24, 96", "130, 140, 1100", "300, 200, 1400", "5, 7000, 30", "3, 3000, 200"})
  void feedForward(int rows, int width, int hidden) {
    double[] x = normal(random, rows * width, 1);
    double[] wUp = normal(random, width * hidden, 1 / Math.sqrt(width));
    double[] bUp = normal(random, hidden, 1);
    double[] wDown = normal(random, hidden * width, 1 / Math.sqrt(hidden));
    double[] bDown = normal(random, width, 1);
    double[] residual = normal(random, rows * width, 1);
    FloatPointer y = room(rows * width);
    FloatPointer pre = room(rows * hidden);
    FeedForward.forward(copyOf(x), copyOf(wUp), copyOf(bUp), copyOf(wDown), copyOf(bDown), copyOf(residual), y, pre, rows, width, hidden);
    double[] up = Naive.linear(x, wUp, null, null, rows, width, hidden);
    double[] gelu = Naive.biasGelu(up, bUp, rows, hidden);
    assertClose("y", Naive.linear(gelu, wDown, bDown, residual, rows, hidden, width), y, 3e-6);

    double[] dy = normal(random, rows * width, 1);
    double[][] down = Naive.linearGradient(gelu, wDown, dy, rows, hidden, width);
    double[][] inner = Naive.biasGeluGradient(up, bUp, down[0], rows, hidden);
    double[][] outer = Naive.linearGradient(x, wUp, inner[0], rows, width, hidden);
    FloatPointer dx = room(rows * width);
    FloatPointer dwUp = room(width * hidden);
    FloatPointer dbUp = room(hidden);
    FloatPointer dwDown = room(hidden * width);
    FloatPointer dbDown = room(width);
    FeedForward.backward(copyOf(x), copyOf(wUp), copyOf(bUp), copyOf(wDown), pre, copyOf(dy), dx, dwUp, dbUp, dwDown, dbDown,
        rows, width, hidden);
    assertClose("dx", outer[0], dx, 5e-6);
    assertClose("dwUp", outer[1], dwUp, 5e-6);
    assertClose("dbUp", inner[1], dbUp, 5e-6);
    assertClose("dwDown", down[1], dwDown, 5e-6);
    assertClose("dbDown", down[2], dbDown, 5e-6);
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1, 1", "2, 5, 6, 3", "2, 64, 16, 2", "1, 65, 15, 3", "2, 150, 32, 2", "1, 300, 10, 1"})
  void causalAttention(int batch, int time, int width, int heads) {
    double[] qkv = normal(random, batch * time * 3 * width, 1.5);
    FloatPointer out = room(batch * time * width);
    FloatPointer logSums = room(batch * heads * time);
    CausalAttention.forward(copyOf(qkv), out, logSums, batch, time, width, heads);
    assertClose("out", Naive.attention(qkv, batch, time, width, heads), out, 5e-6);

    double[] dOut = normal(random, batch * time * width, 1);
    FloatPointer dQkv = room(qkv.length);
    CausalAttention.backward(copyOf(qkv), logSums, copyOf(dOut), dQkv, batch, time, width, heads);
    assertClose("dQkv", Naive.attentionGradient(qkv, dOut, batch, time, width, heads), dQkv, 5e-6);
  }

  @Test
  void causalAttentionWithScoresFarApart() {
    int time = 70;
    double[] qkv = normal(random, time * 3 * 8, 30);
    FloatPointer out = room(time * 8);
    CausalAttention.forward(copyOf(qkv), out, room(2 * time), 1, time, 8, 2);
    assertClose("out", Naive.attention(qkv, 1, time, 8, 2), out, 2e-5);
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "7, 3, 5", "500, 27, 16", "1000, 50257, 12"})
  void embedding(int tokens, int vocabulary, int width) {
    double[] table = normal(random, vocabulary * width, 1);
    int[] ids = ids(random, tokens, vocabulary);
    ids[0] = vocabulary - 1;
    FloatPointer out = room(tokens * width);
    Embedding.forward(copyOf(table), ids, out, vocabulary, width);
    assertClose("out", Naive.embedding(table, ids, width), out, 0);

    double[] dOut = normal(random, tokens * width, 1);
    FloatPointer dTable = room(vocabulary * width);
    Embedding.backward(copyOf(dOut), ids, dTable, vocabulary, width);
    assertClose("dTable", Naive.embeddingGradient(dOut, ids, vocabulary, width), dTable, 1e-6);
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1, 1", "3, 1, 4, 5", "2, 7, 7, 3", "3, 100, 130, 40", "2, 64, 200, 128", "2, 300, 300, 64"})
  void shiftPosition(int batch, int time, int maxTime, int width) {
    double[] e = normal(random, batch * time * width, 1);
    double[] start = normal(random, width, 1);
    double[] position = normal(random, maxTime * width, 1);
    FloatPointer out = room(e.length);
    ShiftPosition.forward(copyOf(e), copyOf(start), copyOf(position), out, batch, time, width);
    assertClose("out", Naive.shiftPosition(e, start, position, batch, time, width), out, 1e-6);

    double[] dOut = normal(random, e.length, 1);
    FloatPointer de = room(e.length);
    FloatPointer dStart = room(width);
    FloatPointer dPosition = room(maxTime * width);
    ShiftPosition.backward(copyOf(dOut), de, dStart, dPosition, batch, time, maxTime, width);
    double[][] expected = Naive.shiftPositionGradient(dOut, batch, time, maxTime, width);
    assertClose("de", expected[0], de, 0);
    assertClose("dStart", expected[1], dStart, 1e-6);
    assertClose("dPosition", expected[2], dPosition, 1e-6);
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "3, 5, 2", "700, 27, 3", "9, 20000, 5"})
  void crossEntropy(int rows, int vocabulary, double scale) {
    double[] logits = normal(random, rows * vocabulary, scale);
    int[] ids = ids(random, rows, vocabulary);
    FloatPointer loss = room(rows);
    CrossEntropy.forward(copyOf(logits), ids, loss, rows, vocabulary);
    assertClose("loss", Naive.crossEntropy(logits, ids, rows, vocabulary), loss, 2e-6);

    double[] dLoss = normal(random, rows, 1);
    FloatPointer dLogits = room(logits.length);
    CrossEntropy.backward(copyOf(logits), ids, copyOf(dLoss), dLogits, rows, vocabulary);
    assertClose("dLogits", Naive.crossEntropyGradient(logits, ids, dLoss, rows, vocabulary), dLogits, 2e-6);
  }

  /** The last source's hidden units feed no output, so a whole piece of the transposed product has no inner elements. */
  @Test
  void maskedLinearFillsTheGradientOfUnitsThatNothingReads() {
    BlockMask mask = new BlockMask(2, 64, 2, 9, false);
    int rows = 40;
    float[] ones = new float[rows * mask.in()];
    Arrays.fill(ones, 1f);
    float[] dy = new float[rows * mask.out()];
    Arrays.fill(dy, 1f);
    FloatPointer dx = room(rows * mask.in());
    MaskedLinear.backward(new FloatPointer(ones), copyOf(normal(random, mask.in() * mask.out(), 1)), new FloatPointer(dy), dx,
        room(mask.in() * mask.out()), null, rows, mask);
    float[] found = read(dx, rows * mask.in());
    for (int row = 0; row < rows; row++) {
      assertArrayEquals(new float[64], Arrays.copyOfRange(found, row * mask.in() + 64, (row + 1) * mask.in()), "row " + row);
    }
  }
}
