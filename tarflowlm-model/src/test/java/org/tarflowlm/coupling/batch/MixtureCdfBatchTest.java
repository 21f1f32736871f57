package org.tarflowlm.coupling.batch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tarflowlm.coupling.MixtureCdf;
import org.tarflowlm.coupling.Workspace;

/** Compares the coupling of many scalars at a time in single precision with that of one scalar in double precision. */
class MixtureCdfBatchTest {
  /** Puts the saved values in an array that holds nothing else. */
  private static final class SavedArray implements SavedNumbers {
    private final float[] numbers;
    private int at;

    SavedArray(int size) {
      numbers = new float[size];
    }

    void rewind() {
      at = 0;
    }

    @Override
    public void write(float[] source, int count) {
      System.arraycopy(source, 0, numbers, at, count);
      at += count;
    }

    @Override
    public void read(float[] target, int count) {
      System.arraycopy(numbers, at, target, 0, count);
      at += count;
    }
  }

  private final Workspace scalar = new Workspace();
  private final BatchWorkspace batch = new BatchWorkspace();

  /** Inputs of n rows and the results of both couplings. */
  private final class Comparison {
    final int n;
    final int k;
    final float[] z;
    final float[] theta;
    final float[] a;
    final float[] b;

    Comparison(int n, int k, double spread, double logScale, double logits, double weightOfU, Random random) {
      this.n = n;
      this.k = k;
      z = new float[n];
      theta = new float[3 * k * n];
      a = new float[n];
      b = new float[n];
      for (int i = 0; i < n; i++) {
        z[i] = (float) (spread * random.nextGaussian());
        a[i] = (float) (weightOfU * random.nextGaussian());
        b[i] = (float) random.nextGaussian();
        for (int j = 0; j < k; j++) {
          theta[3 * k * i + j] = (float) (logits * random.nextGaussian());
          theta[3 * k * i + k + j] = (float) random.nextGaussian();
          theta[3 * k * i + 2 * k + j] = (float) (logScale + 0.4 * random.nextGaussian());
        }
      }
    }

    void check(double logTolerance, double gradientTolerance) {
      float[] u = new float[n];
      float[] logDet = new float[n];
      float[] logDensity = new float[n];
      float[][] dz = new float[2][n];
      float[][] dTheta = new float[2][3 * k * n];
      SavedArray saved = new SavedArray(n * MixtureCdfBatch.savedWidth(k));
      SavedArray savedDensity = new SavedArray(n * MixtureCdfBatch.savedDensityWidth(k));
      MixtureCdfBatch.forward(z, theta, n, k, u, logDet, saved, batch);
      MixtureCdfBatch.logDensity(z, theta, n, k, logDensity, savedDensity, batch);
      saved.rewind();
      savedDensity.rewind();
      MixtureCdfBatch.gradient(saved, a, b, n, k, dz[0], dTheta[0], batch);
      MixtureCdfBatch.logDensityGradient(savedDensity, b, n, k, dz[1], dTheta[1], batch);
      double[] row = new double[3 * k];
      double[] gradient = new double[3 * k];
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < 3 * k; j++) {
          row[j] = theta[3 * k * i + j];
        }
        double expected = MixtureCdf.forward(z[i], row, 0, k, scalar);
        double scale = 1 + expected * expected / 2 + Math.abs(scalar.logDensity());
        assertEquals(expected, u[i], 2e-6 * Math.max(1, Math.abs(expected)), "u " + i);
        assertEquals(scalar.logDet(), logDet[i], logTolerance * scale, "log-determinant " + i);
        assertEquals(scalar.logDensity(), logDensity[i], logTolerance * scale, "log-density " + i);
        double expectedZ = MixtureCdf.gradient(z[i], row, 0, k, a[i], b[i], gradient, 0, scalar);
        checkGradient(i, expectedZ, gradient, dz[0], dTheta[0], gradientTolerance);
        expectedZ = MixtureCdf.logDensityGradient(z[i], row, 0, k, b[i], gradient, 0, scalar);
        checkGradient(i, expectedZ, gradient, dz[1], dTheta[1], gradientTolerance);
      }
    }

    private void checkGradient(int i, double expectedZ, double[] expected, float[] dz, float[] dTheta, double tolerance) {
      double largest = Math.max(1, Math.abs(expectedZ));
      for (double g : expected) {
        largest = Math.max(largest, Math.abs(g));
      }
      assertEquals(expectedZ, dz[i], tolerance * largest, "dz " + i);
      for (int j = 0; j < 3 * k; j++) {
        assertEquals(expected[j], dTheta[3 * k * i + j], tolerance * largest, "row " + i + ", parameter " + j);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 27", "7, 2", "331, 1", "1500, 2", "200, 27", "331, 27", "75, 64", "5, 3000"})
  void ordinaryMixtures(int n, int k) {
    new Comparison(n, k, 1.5, -0.5, 1, 1, new Random(n + k)).check(1e-6, 2e-5);
  }

  /** z far outside: from a few to more than 1e5 scales away, where rows change from single precision to the scalar code. */
  @ParameterizedTest
  @CsvSource({"1, 5, 0", "2, 10, 0", "27, 24, -1", "27, 5, -3", "27, 1, -7", "64, 300, -5", "3, 1e6, 0"})
  void tailsAndNarrowComponents(int k, double spread, double logScale) {
    new Comparison(500, k, spread, logScale, 1, 1, new Random(k)).check(5e-6, 1e-3);
  }

  /** Logits that bring most weights near 0, or beyond the range of single precision. */
  @ParameterizedTest
  @CsvSource({"2, 10", "27, 10", "27, 50", "27, 300"})
  void weightsNearZero(int k, double logits) {
    new Comparison(500, k, 2, -0.5, logits, 1, new Random(k)).check(5e-6, 1e-3);
  }

  @ParameterizedTest
  @CsvSource({"1, 30", "27, -30", "27, 60", "2, 85", "1, -70", "2, -85"})
  void hugeAndTinyScales(int k, double logScale) {
    Comparison c = new Comparison(50, k, 0, logScale, 1, 1, new Random(k));
    if (logScale < 0) { // keeps z within some scales of the components
      for (int i = 0; i < 50; i++) {
        for (int j = 0; j < k; j++) {
          c.theta[3 * k * i + k + j] *= (float) Math.exp(logScale);
        }
      }
    }
    c.check(5e-6, 1e-3);
  }

  /** Components of very different widths; single precision cannot tell the weight of the widest from 0. */
  @Test
  void scalesThatDifferByManyOrders() {
    Random random = new Random(5);
    Comparison c = new Comparison(500, 5, 30, 0, 3, 1, random);
    for (int i = 0; i < 500; i++) {
      for (int j = 0; j < 5; j++) {
        c.theta[15 * i + 10 + j] = (float) (-12 + 24 * random.nextDouble());
      }
    }
    c.check(5e-6, 1e-3);
  }

  @Test
  void weightsOfZeroAndSymmetry() {
    Comparison c = new Comparison(4, 3, 1, 0, 1, 1, new Random(6));
    c.theta[0] = Float.NEGATIVE_INFINITY; // weight 0
    float[] symmetric = {0.5f, 0.5f, -800, 1, -1, 0, -1, -1, 0};
    System.arraycopy(symmetric, 0, c.theta, 9, 9);
    c.z[1] = 0; // F = 1/2 exactly
    c.check(1e-6, 2e-5);
  }

  /** Bit for bit, so that a row's result cannot depend on how blocks and threads divide the rows. */
  @Test
  void aRowAloneGivesWhatItGivesAmongOthers() {
    int k = 27;
    Comparison c = new Comparison(150, k, 4, -1, 2, 1, new Random(8));
    int width = MixtureCdfBatch.savedWidth(k);
    float[] u = new float[150];
    float[] logDet = new float[150];
    float[] dz = new float[150];
    float[] dTheta = new float[150 * 3 * k];
    SavedArray saved = new SavedArray(150 * width);
    MixtureCdfBatch.forward(c.z, c.theta, 150, k, u, logDet, saved, batch);
    saved.rewind();
    MixtureCdfBatch.gradient(saved, c.a, c.b, 150, k, dz, dTheta, batch);
    float[] one = new float[1];
    float[] oneLogDet = new float[1];
    float[] oneTheta = new float[3 * k];
    for (int i = 0; i < 150; i++) {
      float[] theta = Arrays.copyOfRange(c.theta, 3 * k * i, 3 * k * (i + 1));
      saved.rewind();
      MixtureCdfBatch.forward(new float[] {c.z[i]}, theta, 1, k, one, oneLogDet, saved, batch);
      saved.rewind();
      assertEquals(u[i], one[0]);
      assertEquals(logDet[i], oneLogDet[0]);
      MixtureCdfBatch.gradient(saved, new float[] {c.a[i]}, new float[] {c.b[i]}, 1, k, one, oneTheta, batch);
      assertEquals(dz[i], one[0]);
      assertArrayEquals(Arrays.copyOfRange(dTheta, 3 * k * i, 3 * k * (i + 1)), oneTheta);
    }
  }

  @Test
  void notANumberStaysInItsRow() {
    Comparison c = new Comparison(9, 3, 1, 0, 1, 1, new Random(7));
    float[] clean = new float[9];
    float[] u = new float[9];
    float[] logDet = new float[9];
    SavedArray saved = new SavedArray(9 * MixtureCdfBatch.savedWidth(3));
    MixtureCdfBatch.forward(c.z, c.theta, 9, 3, clean, logDet, saved, batch);
    c.z[4] = Float.NaN;
    saved.rewind();
    MixtureCdfBatch.forward(c.z, c.theta, 9, 3, u, logDet, saved, batch);
    clean[4] = Float.NaN;
    assertArrayEquals(clean, u);
  }
}
