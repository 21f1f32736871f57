package org.tarflowlm.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.tarflowlm.kernel.TestArrays.assertClose;
import static org.tarflowlm.kernel.TestArrays.copyOf;
import static org.tarflowlm.kernel.TestArrays.normal;
import static org.tarflowlm.kernel.TestArrays.read;

import java.util.Random;
import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Computes products inside wider matrices. */
class GemmTest {
  private static final int PADDING = 3;

  @ParameterizedTest
  @CsvSource({
      "false, false, 1, 1, 1, 0", "false, false, 7, 5, 3, 1", "false, false, 64, 64, 244, 1", "false, false, 65, 64, 245, 0",
      "false, false, 300, 130, 200, 1", "false, false, 3, 2000, 500, 0", "true, false, 5, 9, 11, 1",
      "true, false, 128, 96, 600, 0", "true, false, 129, 70, 1000, 1", "false, true, 33, 70, 500, 1", "true, true, 20, 30, 40, 0",
      "false, false, 200, 64, 0, 0", "false, true, 5, 64, 0, 0", "true, false, 1, 9, 0, 1"})
  void product(boolean transA, boolean transB, int m, int n, int k, float beta) {
    Random random = new Random(5);
    int lda = (transA ? m : k) + PADDING;
    int ldb = (transB ? k : n) + PADDING;
    int ldc = n + PADDING;
    double[] a = normal(random, (transA ? k : m) * lda, 1);
    double[] b = normal(random, (transB ? n : k) * ldb, 1);
    double[] c = normal(random, m * ldc, 1);
    FloatPointer found = copyOf(c);
    Gemm.run(transA, transB, m, n, k, 0.25f, copyOf(a), lda, copyOf(b), ldb, beta, found, ldc);
    double[] expected = c.clone();
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int l = 0; l < k; l++) {
          sum += a[transA ? l * lda + i : i * lda + l] * b[transB ? j * ldb + l : l * ldb + j];
        }
        expected[i * ldc + j] = 0.25 * sum + beta * c[i * ldc + j];
      }
    }
    assertClose("c, padding unchanged", expected, found, 2e-6);
  }

  /** What {@link Gemm#keepsSequences} promises for sequences of any length, on the processor of the test. */
  @ParameterizedTest
  @CsvSource({"33, 128, 0", "128, 512, 1", "5, 40, 1", "405, 320, 0"})
  void aRowsBitsDependAtMostOnItsPlaceAmongTwelve(int n, int k, float beta) {
    float tolerance = Gemm.keepsSequences(Gemm.ROW_UNIT) ? 0 : 1e-3f; // OpenBLAS's other kernels round a row by its place
    int most = 40;
    Random random = new Random(6);
    FloatPointer a = copyOf(normal(random, most * k, 1));
    FloatPointer b = copyOf(normal(random, k * n, 1));
    double[] c = normal(random, most * n, 1);
    FloatPointer whole = copyOf(c);
    Gemm.rows(most, n, k, a, k, b, n, beta, whole, n);
    for (int m = 1; m < most; m++) {
      FloatPointer part = copyOf(c);
      Gemm.rows(m, n, k, a, k, b, n, beta, part, n);
      assertArrayEquals(read(whole, m * n), read(part, m * n), tolerance, m + " rows");
    }
  }
}
