package org.tarflowlm.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.bytedeco.javacpp.FloatPointer;

/** Random inputs and comparisons for the tests of kernels. */
final class TestArrays {
  private TestArrays() {}

  /** Normal numbers of the given scale, each exactly a float. */
  static double[] normal(Random random, int length, double scale) {
    double[] result = new double[length];
    for (int i = 0; i < length; i++) {
      result[i] = (float) (scale * random.nextGaussian());
    }
    return result;
  }

  static int[] ids(Random random, int length, int vocabulary) {
    return random.ints(length, 0, vocabulary).toArray();
  }

  static FloatPointer copyOf(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return new FloatPointer(floats);
  }

  /** Memory for a result, filled with NaN so that a test sees elements that nobody writes. */
  static FloatPointer room(int length) {
    float[] floats = new float[length];
    java.util.Arrays.fill(floats, Float.NaN);
    return new FloatPointer(floats);
  }

  static float[] read(FloatPointer pointer, int length) {
    float[] result = new float[length];
    pointer.get(result, 0, length);
    return result;
  }

  /** Checks that every element is within {@code tolerance} times the largest expected magnitude (at least 1). */
  static void assertClose(String name, double[] expected, FloatPointer found, double tolerance) {
    float[] values = read(found, expected.length);
    double scale = 1;
    for (double e : expected) {
      scale = Math.max(scale, Math.abs(e));
    }
    for (int i = 0; i < expected.length; i++) {
      int at = i;
      assertTrue(Math.abs(values[i] - expected[i]) <= tolerance * scale,
          () -> name + "[" + at + "]: expected " + expected[at] + ", found " + values[at]);
    }
    assertEquals(expected.length, values.length, name);
  }
}
