package org.tarflowlm.coupling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** For any mixture, gradients are derivatives, inverses invert, and tails stay finite. */
class CouplingPropertyTest {
  private final Workspace w = new Workspace();

  /** [logits | means | log-scales], K each. */
  private static double[] theta(Random random, int k, double spread, double logScale) {
    double[] theta = new double[3 * k];
    for (int j = 0; j < k; j++) {
      theta[j] = 2 * random.nextGaussian();
      theta[k + j] = spread * random.nextGaussian();
      theta[2 * k + j] = logScale + 0.4 * random.nextGaussian();
    }
    return theta;
  }

  private static void assertDerivatives(ToDoubleFunction<double[]> loss, double[] at, double[] gradient) {
    for (int i = 0; i < at.length; i++) {
      double h = 1e-5;
      double center = at[i];
      at[i] = center + h;
      double above = loss.applyAsDouble(at);
      at[i] = center - h;
      double below = loss.applyAsDouble(at);
      at[i] = center;
      assertEquals((above - below) / (2 * h), gradient[i], 1e-6 * Math.max(1, Math.abs(gradient[i])), "parameter " + i);
    }
  }

  @ParameterizedTest
  @CsvSource({"1", "2", "9", "40"})
  void mixtureCdfGradientIsTheDerivative(int k) {
    Random random = new Random(k);
    for (double z : new double[] {-3, -0.4, 0.1, 5}) {
      double[] theta = theta(random, k, 1, -0.3);
      double[] dTheta = new double[3 * k];
      double dz = MixtureCdf.gradient(z, theta, 0, k, 0.8, -0.6, dTheta, 0, w);
      assertDerivatives(t -> 0.8 * MixtureCdf.forward(z, t, 0, k, w) - 0.6 * w.logDet(), theta, dTheta);
      assertDerivatives(x -> 0.8 * MixtureCdf.forward(x[0], theta, 0, k, w) - 0.6 * w.logDet(), new double[] {z}, new double[] {dz});
      dz = MixtureCdf.logDensityGradient(z, theta, 0, k, 0.7, dTheta, 0, w);
      assertDerivatives(t -> 0.7 * MixtureCdf.logDensity(z, t, 0, k, w), theta, dTheta);
      assertDerivatives(x -> 0.7 * MixtureCdf.logDensity(x[0], theta, 0, k, w), new double[] {z}, new double[] {dz});
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 3", "2, 1", "9, 4"})
  void rosenblattGradientIsTheDerivative(int k, int d) {
    Random random = new Random(k);
    double[] means = random.doubles(k * d, -1, 1).toArray();
    double[] logScales = random.doubles(k, -1, 0).toArray();
    double[] z = random.doubles(d, -2, 2).toArray();
    double[] logits = random.doubles(k, -2, 2).toArray();
    double[] a = random.doubles(d, -1, 1).toArray();
    for (boolean densityOnly : new boolean[] {false, true}) {
      Components components = new Components(means, logScales, k, d);
      double[] dz = new double[d];
      double[] dLogits = new double[k];
      double[] dMeans = new double[k * d];
      double[] dLogScales = new double[k];
      if (densityOnly) {
        MixtureRosenblatt.logDensityGradient(z, 0, logits, 0, components, 0.7, dz, 0, dLogits, 0, dMeans, dLogScales, w);
      } else {
        MixtureRosenblatt.gradient(z, 0, logits, 0, components, a, 0, 0.7, dz, 0, dLogits, 0, dMeans, dLogScales, w);
      }
      double[] byComponent = new double[k * d];
      Components.transpose(dMeans, 0, k, d, byComponent);
      double[] weights = densityOnly ? null : a;
      assertDerivatives(x -> rosenblattLoss(x, logits, means, logScales, weights), z, dz);
      assertDerivatives(x -> rosenblattLoss(z, x, means, logScales, weights), logits, dLogits);
      assertDerivatives(x -> rosenblattLoss(z, logits, x, logScales, weights), means, byComponent);
      assertDerivatives(x -> rosenblattLoss(z, logits, means, x, weights), logScales, dLogScales);
    }
  }

  private double rosenblattLoss(double[] z, double[] logits, double[] means, double[] logScales, double[] a) {
    Components components = new Components(means, logScales, logScales.length, z.length);
    if (a == null) {
      return 0.7 * MixtureRosenblatt.logDensity(z, 0, logits, 0, components, w);
    }
    double[] u = new double[z.length];
    MixtureRosenblatt.forward(z, 0, logits, 0, components, u, 0, w);
    double loss = 0.7 * w.logDet();
    for (int i = 0; i < u.length; i++) {
      loss += a[i] * u[i];
    }
    return loss;
  }

  @Test
  void affineGradientsAreTheDerivatives() {
    double[] dTheta = new double[2];
    double[] theta = {0.4, -0.7};
    double dz = Affine.gradient(1.3, theta[0], theta[1], 0.8, -0.6, dTheta, 0);
    assertDerivatives(t -> 0.8 * Affine.forward(1.3, t[0], t[1]) - 0.6 * Affine.logDet(t[1]), theta, dTheta);
    assertEquals(0.8 * Math.exp(0.7), dz, 1e-14);
    dz = Affine.logDensityGradient(1.3, theta[0], theta[1], 0.7, dTheta, 0);
    assertDerivatives(t -> 0.7 * Affine.logDensity(1.3, t[0], t[1]), theta, dTheta);
    assertDerivatives(x -> 0.7 * Affine.logDensity(x[0], theta[0], theta[1]), new double[] {1.3}, new double[] {dz});
  }

  @Test
  void logScaleBoundIsTanhAndItsGradientTheDerivative() {
    double[] raw = {0.3, -7, 0.2, 9, 40, -0.001};
    double[] theta = new double[6];
    LogScaleBound.forward(raw, 2, 3, 2, 5, theta);
    for (int i = 0; i < 6; i++) {
      assertEquals(i % 3 == 0 ? raw[i] : 5 * Math.tanh(raw[i] / 5), theta[i], 1e-14);
    }
    double[] weights = {1, 2, 3, 4, 5, 6};
    double[] dRaw = new double[6];
    LogScaleBound.gradient(theta, weights, 2, 3, 2, 5, dRaw);
    assertDerivatives(x -> {
      LogScaleBound.forward(x, 2, 3, 2, 5, theta);
      double sum = 0;
      for (int i = 0; i < 6; i++) {
        sum += weights[i] * theta[i];
      }
      return sum;
    }, raw, dRaw);
  }

  /** K, spread of the means, log-scale: overlapping, separated, and far separated components. */
  @ParameterizedTest
  @CsvSource({"1, 1, 0", "2, 0.5, 0", "27, 1, -0.7", "27, 1, -3", "27, 10, -2.3", "64, 1, -7"})
  void mixtureCdfInverseInvertsInFewIterations(int k, double spread, double logScale) {
    Random random = new Random(k);
    for (int i = 0; i < 300; i++) {
      double[] theta = theta(random, k, spread, logScale);
      double u = random.nextGaussian() * (i % 10 == 0 ? 4 : 1);
      double z = MixtureCdf.inverse(u, theta, 0, k, w);
      assertEquals(u, MixtureCdf.forward(z, theta, 0, k, w), 1e-11 * Math.max(1, Math.abs(u)));
    }
    assertEquals(300, w.inversions());
    assertTrue(w.rootIterations() < 4 * w.inversions(), () -> w.rootIterations() + " iterations");
  }

  @ParameterizedTest
  @CsvSource({"27, 5, -0.7", "27, 5, -3", "500, 16, -1"})
  void rosenblattInverseInverts(int k, int d, double logScale) {
    Random random = new Random(k);
    double[] means = random.doubles(k * d, -2, 2).toArray();
    double[] logScales = random.doubles(k, logScale - 0.3, logScale + 0.3).toArray();
    Components components = new Components(means, logScales, k, d);
    double[] z = new double[d];
    double[] again = new double[d];
    for (int i = 0; i < 50; i++) {
      double[] logits = random.doubles(k, -6, 6).toArray();
      double[] u = random.doubles(d, -3, 3).toArray();
      MixtureRosenblatt.inverse(u, 0, logits, 0, components, z, 0, w);
      MixtureRosenblatt.forward(z, 0, logits, 0, components, again, 0, w);
      for (int j = 0; j < d; j++) {
        assertEquals(u[j], again[j], 1e-11 * Math.max(1, Math.abs(u[j])));
      }
    }
  }

  /** In the far tails the widest component dominates: u approaches its (z - m) / s, and everything stays finite. */
  @Test
  void farTailsAreFiniteAndExact() {
    double[] theta = {0.3, -0.2, 0.1, -0.5, 0.4, 0.0, -0.7, 0.2, -0.3};
    double[] dTheta = new double[9];
    double scale = Math.exp(0.2);
    for (double x : new double[] {13, 40, 100, 1e3, 1e4, 1e6}) {
      for (double sign : new double[] {-1, 1}) {
        double z = 0.4 + sign * x * scale;
        double u = MixtureCdf.forward(z, theta, 0, 3, w);
        assertEquals(sign * x, u, 2 / x, "the component's weight moves u by -log(pi) / x");
        assertTrue(Double.isFinite(w.logDet()) && Double.isFinite(w.logDensity()));
        double dz = MixtureCdf.gradient(z, theta, 0, 3, 1, 0, dTheta, 0, w);
        assertEquals(1 / scale, dz, 0.02 / scale);
        for (double g : dTheta) {
          assertTrue(Double.isFinite(g));
        }
        assertEquals(z, MixtureCdf.inverse(u, theta, 0, 3, w), 1e-9 * Math.abs(z));
        MixtureCdf.gradient(z, theta, 0, 3, 1, 1, dTheta, 0, w);
        assertTrue(Double.isFinite(dTheta[4]));
      }
    }
  }

  @Test
  void farTailsOfTheRosenblattMapAreFinite() {
    double[] means = {0, 0, 1, -1, 2, 0.5};
    double[] logScales = {-2.3, -2, -2.5};
    Components components = new Components(means, logScales, 3, 2);
    double[] logits = {0, 1, -800};
    double[] u = new double[2];
    double[][] gradients = {new double[2], new double[3], new double[6], new double[3]};
    for (double z : new double[] {-1000, -30, 3, 30, 1000}) {
      double[] point = {z, -z};
      MixtureRosenblatt.gradient(point, 0, logits, 0, components, new double[] {1, -1}, 0, 0.5,
          gradients[0], 0, gradients[1], 0, gradients[2], gradients[3], w);
      MixtureRosenblatt.forward(point, 0, logits, 0, components, u, 0, w);
      assertTrue(Double.isFinite(w.logDet()) && Double.isFinite(u[0]) && Double.isFinite(u[1]));
      for (double[] gradient : gradients) {
        for (double g : gradient) {
          assertTrue(Double.isFinite(g));
        }
      }
    }
  }

  /** With all weight on one side of a wide gap, u of a point in the gap is known, whatever the density there. */
  @Test
  void nearlyEmptyGapsAreResolved() {
    double[] theta = {Math.log(0.3), Math.log(0.7), -50, 50, -3, -3};
    double inGap = Normal.quantileOfLog(Math.log(0.3));
    assertEquals(inGap, MixtureCdf.forward(3, theta, 0, 2, w), 1e-14);
    for (double u : new double[] {inGap - 1e-9, inGap, inGap + 1e-9, inGap - 0.1, inGap + 0.1}) {
      double z = MixtureCdf.inverse(u, theta, 0, 2, w);
      assertEquals(u, MixtureCdf.forward(z, theta, 0, 2, w), 1e-13);
    }
  }

  @Test
  void invertingNaNEnds() {
    double[] theta = {0, 0, -1, 1, 0, 0};
    assertTrue(Double.isNaN(MixtureCdf.inverse(Double.NaN, theta, 0, 2, w)));
  }
}
