package org.tarflowlm.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.tarflowlm.kernel.TestArrays.copyOf;
import static org.tarflowlm.kernel.TestArrays.ids;
import static org.tarflowlm.kernel.TestArrays.normal;
import static org.tarflowlm.kernel.TestArrays.read;
import static org.tarflowlm.kernel.TestArrays.room;

import java.util.Random;
import java.util.function.Consumer;
import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.api.Test;
import org.tarflowlm.config.BlockMask;

/** Kernels that add numbers in parallel give the same bits every time, whichever thread runs a task. */
class DeterminismTest {
  private static final int ROWS = 400;
  private static final int WIDTH = 48;
  private static final int REPETITIONS = 10;

  private final Random random = new Random(2);
  private final FloatPointer x = copyOf(normal(random, ROWS * 3 * WIDTH, 1));
  private final FloatPointer w = copyOf(normal(random, WIDTH * 3 * WIDTH, 1));
  private final FloatPointer dy = copyOf(normal(random, ROWS * 3 * WIDTH, 1));
  private final int big = ROWS * 3 * WIDTH;

  @Test
  void linear() {
    repeats(out -> Linear.backward(x, w, dy, out[0], out[1], out[2], ROWS, WIDTH, 3 * WIDTH),
        ROWS * WIDTH, WIDTH * 3 * WIDTH, 3 * WIDTH);
  }

  @Test
  void maskedLinear() {
    BlockMask mask = new BlockMask(4, WIDTH / 4, 4, 3 * WIDTH / 4, true);
    repeats(out -> MaskedLinear.backward(x, w, dy, out[0], out[1], out[2], ROWS, mask), ROWS * WIDTH, WIDTH * 3 * WIDTH, 3 * WIDTH);
  }

  @Test
  void layerNorm() {
    repeats(out -> LayerNorm.backward(x, w, dy, out[0], out[1], out[2], ROWS * 3, WIDTH), big, WIDTH, WIDTH);
  }

  @Test
  void feedForward() {
    FloatPointer pre = copyOf(normal(random, ROWS * 3 * WIDTH * 3, 1));
    repeats(out -> FeedForward.backward(x, w, w, w, pre, dy, out[0], out[1], out[2], out[3], out[4], ROWS * 3, WIDTH, 3 * WIDTH),
        big, WIDTH * 3 * WIDTH, 3 * WIDTH, WIDTH * 3 * WIDTH, WIDTH);
  }

  @Test
  void causalAttention() {
    FloatPointer logSums = new FloatPointer(3L * ROWS);
    repeats(out -> {
      CausalAttention.forward(x, out[1], logSums, 4, ROWS / 4, WIDTH, 3);
      CausalAttention.backward(x, logSums, dy, out[0], 4, ROWS / 4, WIDTH, 3);
    }, big, big);
  }

  @Test
  void embedding() {
    int[] ids = ids(random, ROWS * 3, 7);
    repeats(out -> Embedding.backward(dy, ids, out[0], 7, WIDTH), 7 * WIDTH);
  }

  @Test
  void shiftPosition() {
    repeats(out -> ShiftPosition.backward(dy, out[0], out[1], out[2], 3, ROWS, ROWS, WIDTH), big, WIDTH, ROWS * WIDTH);
  }

  private static void repeats(Consumer<FloatPointer[]> kernel, int... lengths) {
    float[][] first = run(kernel, lengths);
    for (int i = 1; i < REPETITIONS; i++) {
      float[][] again = run(kernel, lengths);
      for (int k = 0; k < lengths.length; k++) {
        assertArrayEquals(first[k], again[k]);
      }
    }
  }

  private static float[][] run(Consumer<FloatPointer[]> kernel, int... lengths) {
    FloatPointer[] out = new FloatPointer[lengths.length];
    for (int k = 0; k < lengths.length; k++) {
      out[k] = room(lengths[k]);
    }
    kernel.accept(out);
    float[][] result = new float[lengths.length][];
    for (int k = 0; k < lengths.length; k++) {
      result[k] = read(out[k], lengths[k]);
    }
    return result;
  }
}
