package org.tarflowlm.coupling.near;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.coupling.batch.BatchWorkspace;
import org.tarflowlm.coupling.batch.CodebookBatch;

/** Compares the VAE term of many positions in single precision with that of one position in double precision. */
class CodebookFloatTest {
  /** Positions on a code and off all codes, the last so far off that the scalar code computes them. */
  @ParameterizedTest
  @CsvSource({"1, 1, 1, 0, 1", "64, 27, 5, -2, 1", "131, 27, 5, -3, 2", "200, 2, 5, -1, 5", "33, 500, 16, -2, 1", "50, 27, 5, -4, 300",
      "40, 5, 3, -5, 5000", "33, 5000, 16, -2, 1", "20, 2500, 3, -3, 30", "20, 2500, 3, -5, 5000", "9, 3000, 5, 1, 1"})
  void agreesWithTheScalarCode(int n, int count, int dims, double logScale, double scales) {
    Random random = new Random(n);
    double[] means = random.doubles(count * dims, -2, 2).map(x -> (float) x).toArray();
    double[] logScales = random.doubles(count, logScale, logScale + 0.5).map(x -> (float) x).toArray();
    Components codes = new Components(means, logScales, count, dims);
    float[] z = new float[n * dims];
    float[] b = new float[n];
    double[] zs = new double[n * dims];
    for (int i = 0; i < n; i++) {
      int code = random.nextInt(count);
      b[i] = (float) random.nextGaussian();
      for (int j = 0; j < dims; j++) {
        z[i * dims + j] = (float) (means[code * dims + j] + scales * Math.exp(logScales[code]) * random.nextGaussian());
        zs[i * dims + j] = z[i * dims + j];
      }
    }
    float[] term = new float[n];
    float[] dz = new float[n * dims];
    double[][] sums = new double[4][count * dims];
    double[] expected = new double[n * dims];
    Workspace scalar = new Workspace();
    if (count >= NearComponents.MANY) {
      NearWorkspace near = new NearWorkspace();
      CodebookNear.vaeTerm(z, n, codes, term, near);
      CodebookNear.vaeTermGradient(z, n, codes, b, dz, sums[0], sums[1], near);
    } else {
      BatchWorkspace batch = new BatchWorkspace();
      CodebookBatch.vaeTerm(z, n, codes, term, batch);
      CodebookBatch.vaeTermGradient(z, n, codes, b, dz, sums[0], sums[1], batch);
    }
    for (int i = 0; i < n; i++) {
      double value = Codebook.vaeTerm(zs, i * dims, codes, scalar);
      double size = 1 + Math.abs(value) + dims * Math.abs(logScale); // of the terms that cancel
      assertEquals(value, term[i], 1e-6 * size);
      Codebook.vaeTermGradient(zs, i * dims, codes, b[i], expected, i * dims, sums[2], sums[3], scalar);
    }
    assertClose(expected, dz);
    assertClose(sums[2], toFloat(sums[0]));
    assertClose(sums[3], toFloat(sums[1]));
  }

  private static float[] toFloat(double[] x) {
    float[] result = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      result[i] = (float) x[i];
    }
    return result;
  }

  private static void assertClose(double[] expected, float[] got) {
    double largest = 1;
    for (double g : expected) {
      largest = Math.max(largest, Math.abs(g));
    }
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], got[i], 1e-4 * largest, "gradient " + i);
    }
  }
}
