package org.tarflowlm.coupling.near;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.coupling.batch.BatchWorkspace;
import org.tarflowlm.coupling.batch.MixtureRosenblattBatch;

/** Compares the coupling of many vectors at a time in single precision with that of one vector in double precision. */
class MixtureRosenblattFloatTest {
  private final Workspace scalar = new Workspace();
  private final BatchWorkspace batch = new BatchWorkspace();
  private final NearWorkspace near = new NearWorkspace();

  private void forward(float[] z, float[] logits, int n, Components c, float[] u, float[] logDet) {
    if (c.count() >= NearComponents.MANY) {
      MixtureRosenblattNear.forward(z, logits, n, c, u, logDet, near);
    } else {
      MixtureRosenblattBatch.forward(z, logits, 0, n, c, u, logDet, batch);
    }
  }

  /** Inputs of n rows and the results of both couplings. */
  private final class Comparison {
    final Random random;
    final int n;
    final int k;
    final int d;
    final double[] means;
    final double[] logScales;
    final float[] z;
    final float[] logits;
    final float[] a;
    final float[] b;

    Comparison(int n, int k, int d, double logScale, double logit) {
      random = new Random(n + k + d);
      this.n = n;
      this.k = k;
      this.d = d;
      means = toDouble(normal(k * d, 1));
      logScales = toDouble(normal(k, 0.3));
      for (int j = 0; j < k; j++) {
        logScales[j] = (float) (logScales[j] + logScale);
      }
      z = normal(n * d, 1);
      logits = normal(n * k, logit);
      a = normal(n * d, 1);
      b = normal(n, 1);
    }

    private float[] normal(int size, double scale) {
      float[] x = new float[size];
      for (int i = 0; i < size; i++) {
        x[i] = (float) (scale * random.nextGaussian());
      }
      return x;
    }

    /** Moves each row some scales away from a component. */
    Comparison onTheCodebook(double scales) {
      for (int i = 0; i < n; i++) {
        int j = random.nextInt(k);
        for (int e = 0; e < d; e++) {
          z[i * d + e] = (float) (means[j * d + e] + scales * Math.exp(logScales[j]) * random.nextGaussian());
        }
      }
      return this;
    }

    void check(double uTolerance, double logTolerance, double gradientTolerance) {
      Components c = new Components(means, logScales, k, d);
      float[] u = new float[n * d];
      float[] logDet = new float[n];
      float[] logDensity = new float[n];
      forward(z, logits, n, c, u, logDet);
      if (k >= NearComponents.MANY) {
        MixtureRosenblattNear.logDensity(z, logits, n, c, logDensity, near);
      } else {
        MixtureRosenblattBatch.logDensity(z, logits, n, c, logDensity, batch);
      }
      double[] zs = toDouble(z);
      double[] ls = toDouble(logits);
      double[] expected = new double[d];
      for (int i = 0; i < n; i++) {
        MixtureRosenblatt.forward(zs, i * d, ls, i * k, c, expected, 0, scalar);
        double scale = 1 + Math.abs(scalar.logDensity());
        for (int e = 0; e < d; e++) {
          assertEquals(expected[e], u[i * d + e], uTolerance * Math.max(1, Math.abs(expected[e])), "u " + i + ", " + e);
          scale += expected[e] * expected[e] / 2;
        }
        assertEquals(scalar.logDet(), logDet[i], logTolerance * scale, "log-determinant " + i);
        assertEquals(scalar.logDensity(), logDensity[i], logTolerance * scale, "log-density " + i);
      }
      double[][] got = new double[4][];
      double[][] wanted = new double[4][];
      for (boolean densityOnly : new boolean[] {false, true}) {
        gradients(c, densityOnly, got, wanted);
        for (int t = 0; t < 4; t++) {
          double largest = 1;
          for (double g : wanted[t]) {
            largest = Math.max(largest, Math.abs(g));
          }
          assertArrayEquals(wanted[t], got[t], gradientTolerance * largest, "gradient " + t);
        }
      }
    }

    /** dz, dLogits, dMeans and dLogScales of both couplings. */
    private void gradients(Components c, boolean densityOnly, double[][] got, double[][] wanted) {
      int[] sizes = {n * d, n * k, k * d, k};
      for (int t = 0; t < 4; t++) {
        wanted[t] = new double[sizes[t]];
        got[t] = new double[sizes[t]];
      }
      float[] dz = new float[n * d];
      float[] dLogits = new float[n * k];
      double[] zs = toDouble(z);
      double[] ls = toDouble(logits);
      if (k >= NearComponents.MANY) {
        if (densityOnly) {
          MixtureRosenblattNear.logDensityGradient(z, logits, n, c, b, dz, dLogits, got[2], got[3], near);
        } else {
          MixtureRosenblattNear.gradient(z, logits, n, c, a, b, dz, dLogits, got[2], got[3], near);
        }
      } else if (densityOnly) {
        MixtureRosenblattBatch.logDensityGradient(z, logits, n, c, b, dz, dLogits, got[2], got[3], batch);
      } else {
        MixtureRosenblattBatch.gradient(z, logits, 0, n, c, a, b, dz, dLogits, got[2], got[3], batch);
      }
      got[0] = toDouble(dz);
      got[1] = toDouble(dLogits);
      for (int i = 0; i < n; i++) {
        if (densityOnly) {
          MixtureRosenblatt.logDensityGradient(
              zs, i * d, ls, i * k, c, b[i], wanted[0], i * d, wanted[1], i * k, wanted[2], wanted[3], scalar);
        } else {
          MixtureRosenblatt.gradient(zs, i * d, ls, i * k, c, toDouble(a), i * d, b[i], wanted[0], i * d, wanted[1], i * k,
              wanted[2], wanted[3], scalar);
        }
      }
    }
  }

  private static double[] toDouble(float[] x) {
    double[] result = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      result[i] = x[i];
    }
    return result;
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "7, 2, 5", "64, 27, 5", "131, 27, 5", "200, 1, 3", "300, 2, 1", "33, 64, 16", "3, 3000, 4",
      "19, 2500, 1", "9, 6000, 7"})
  void ordinaryMixtures(int n, int k, int d) {
    new Comparison(n, k, d, 0.2, 1).check(5e-6, 1e-6, 5e-5);
  }

  /** Training ties a codebook like this: narrow components, with z on one of them. Conditional weights go to 0 and 1. */
  @ParameterizedTest
  @CsvSource({"27, 5, -1", "27, 5, -3", "500, 16, -2", "2, 5, -4",
      "5000, 5, -3", "3000, 16, -2"})
  void narrowComponents(int k, int d, double logScale) {
    new Comparison(150, k, d, logScale, 2).onTheCodebook(1).check(5e-4, 5e-5, 2e-3);
  }

  /** Off all components: slightly, and so far that the scalar code computes the row. */
  @ParameterizedTest
  @CsvSource({"27, 5, -1, 4", "27, 5, -2, 9", "2, 16, -1, 6", "27, 5, 0, 40", "5, 3, -3, 1000",
      "3000, 5, -1, 4", "3000, 3, -3, 30", "2500, 4, -3, 1000"})
  void offTheCodebook(int k, int d, double logScale, double scales) {
    new Comparison(150, k, d, logScale, 2).onTheCodebook(scales).check(5e-4, 5e-5, 2e-3);
  }

  /** Logits beyond the range of single precision's exponentials: the nearest component may have no weight. */
  @ParameterizedTest
  @CsvSource({"2, 30", "27, 50", "27, 300", "3000, 50", "3000, 300"})
  void weightsNearZero(int k, double logit) {
    new Comparison(150, k, 4, -0.5, logit).check(5e-5, 5e-5, 2e-3);
  }

  /** A weight that nearly vanishes in the first dimension decides the second. */
  @Test
  void aComponentThatComesBack() {
    Comparison c = new Comparison(40, 2, 2, 0, 0.5);
    System.arraycopy(new double[] {0, 0, 12, 12}, 0, c.means, 0, 4);
    for (int i = 0; i < 40; i++) {
      c.z[2 * i] = 0.1f * i; // from the first component towards the second
      c.z[2 * i + 1] = 12;
    }
    c.check(5e-5, 5e-6, 2e-3);
  }

  /** The same among very many components, most out of reach; the first one's are narrow and the second one's wide. */
  @ParameterizedTest
  @CsvSource({"12, 0", "9, 1", "30, -1"})
  void aComponentThatComesBackAmongMany(double far, double logScale) {
    Comparison c = new Comparison(40, 3_000, 4, 0, 0.5);
    Arrays.fill(c.means, 500);
    for (int i = 0; i < 4; i++) {
      c.means[4 * 700 + i] = 0;
      c.means[4 * 2_900 + i] = far;
    }
    c.logScales[2_900] = logScale;
    for (int i = 0; i < 40; i++) {
      c.z[4 * i] = 0.1f * i; // nearly all the weight on the first
      c.z[4 * i + 1] = i % 2 == 0 ? (float) far : 0f;
      c.z[4 * i + 2] = (float) far;
      c.z[4 * i + 3] = i % 3 == 0 ? (float) far : 0f;
    }
    c.check(5e-5, 5e-6, 2e-3);
  }

  @ParameterizedTest
  @CsvSource({"12", "-14", "45", "-45"})
  void hugeAndTinyScales(double logScale) {
    Comparison c = new Comparison(40, 5, 3, logScale, 1);
    for (int i = 0; i < c.means.length; i++) {
      c.means[i] = (float) (c.means[i] * Math.exp(logScale));
    }
    c.onTheCodebook(1).check(5e-6, 5e-6, 2e-3);
  }

  /** Of very many narrow components, the code evaluates few in the last dimension. Of wide ones it evaluates all, with the code for all. */
  @Test
  void onlyNearComponentsAreEvaluated() {
    Comparison narrow = new Comparison(16, 4_000, 8, -3, 1).onTheCodebook(1);
    narrow.check(5e-4, 5e-5, 2e-3);
    assertFalse(near.crowded);
    assertTrue(near.channels[8].count < 100, "left: " + near.channels[8].count);
    new Comparison(16, 4_000, 8, 2, 1).check(5e-5, 1e-5, 5e-4);
    assertTrue(near.crowded);
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 2_500})
  void notANumberStaysInItsRow(int k) {
    Comparison c = new Comparison(9, k, 2, 0, 1);
    Components components = new Components(c.means, c.logScales, k, 2);
    float[] clean = new float[18];
    float[] u = new float[18];
    float[] logDet = new float[9];
    forward(c.z, c.logits, 9, components, clean, logDet);
    c.z[8] = Float.NaN;
    forward(c.z, c.logits, 9, components, u, logDet);
    clean[8] = Float.NaN;
    clean[9] = Float.NaN;
    assertArrayEquals(clean, u);
  }

  /** Calls share what the code derives from the components; other components must replace it. */
  @Test
  void otherComponentsAreNoticed() {
    Comparison c = new Comparison(9, 3, 2, 0, 1);
    c.check(5e-6, 1e-6, 5e-5);
    c.means[0] += 1;
    c.check(5e-6, 1e-6, 5e-5);
  }
}
