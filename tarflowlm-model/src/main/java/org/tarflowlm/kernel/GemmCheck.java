package org.tarflowlm.kernel;

import org.bytedeco.javacpp.FloatPointer;

/** Start-up check of {@link Gemm} against plain Java loops: a few milliseconds, once a process. */
final class GemmCheck {
  /** Odd sizes reach the edge cases of a blocked product, the larger ones its inner kernel. */
  private static final int[][] SIZES = {{5, 7, 3}, {33, 65, 17}, {96, 80, 128}, {130, 100, 300}};
  private static final double TOLERANCE = 1e-4;

  private GemmCheck() {}

  /** @throws IllegalStateException if a product is wrong. */
  static void run() {
    for (int[] size : SIZES) {
      check(false, false, size[0], size[1], size[2]);
      check(true, false, size[0], size[1], size[2]);
      check(false, true, size[0], size[1], size[2]);
    }
  }

  private static void check(boolean transA, boolean transB, int m, int n, int k) {
    float[] a = pattern(m * k, 37);
    float[] b = pattern(k * n, 53);
    float[] c = pattern(m * n, 11);
    float[] found = new float[m * n];
    try (FloatPointer pa = new FloatPointer(a); FloatPointer pb = new FloatPointer(b); FloatPointer pc = new FloatPointer(c)) {
      Gemm.run(transA, transB, m, n, k, 0.5f, pa, transA ? m : k, pb, transB ? k : n, 1f, pc, n);
      pc.get(found);
    }
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int l = 0; l < k; l++) {
          sum += (double) a[transA ? l * m + i : i * k + l] * b[transB ? j * k + l : l * n + j];
        }
        double expected = c[i * n + j] + 0.5 * sum;
        if (!(Math.abs(found[i * n + j] - expected) <= TOLERANCE * (1 + Math.abs(expected)))) {
          throw new IllegalStateException("OpenBLAS computes wrong matrix products on this processor: expected " + expected
              + ", found " + found[i * n + j] + " (" + m + " x " + k + " x " + n + "); set OPENBLAS_CORETYPE in the environment"
              + " to a type it supports, for example Haswell");
        }
      }
    }
  }

  /** Numbers in [-1, 1) without visible pattern. */
  private static float[] pattern(int length, int seed) {
    float[] result = new float[length];
    int state = seed;
    for (int i = 0; i < length; i++) {
      state = state * 1_664_525 + 1_013_904_223;
      result[i] = state / 2_147_483_648f;
    }
    return result;
  }
}
