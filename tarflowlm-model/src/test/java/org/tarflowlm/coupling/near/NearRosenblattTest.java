package org.tarflowlm.coupling.near;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.Workspace;

/** Both directions under very many components against those of all components, and against each other. */
class NearRosenblattTest {
  private static final int D = 6;

  private final Random random = new Random(5);
  private final NearRosenblatt near = new NearRosenblatt();
  private final Workspace workspace = new Workspace();

  private double[] normal(int n, double mean, double scale) {
    return random.doubles(n).map(ignored -> mean + scale * random.nextGaussian()).toArray();
  }

  private Components components(int k, double logScale, double spread) {
    return new Components(normal(k * D, 0, 1), normal(k, logScale, spread), k, D);
  }

  private void check(double[] u, double[] logits, Components c) {
    double[] z = new double[D];
    double[] exact = new double[D];
    double[] back = new double[D];
    near.inverse(u, 0, logits, c, z, 0, null, workspace);
    MixtureRosenblatt.inverse(u, 0, logits, 0, c, exact, 0, new Workspace());
    assertArrayEquals(exact, z, 1e-7);
    MixtureRosenblatt.forward(z, 0, logits, 0, c, back, 0, new Workspace());
    assertArrayEquals(u, back, 1e-8);
    near.inverse(checkForward(z, logits, c), 0, logits, c, back, 0, null, workspace);
    assertArrayEquals(z, back, 1e-6);
  }

  private double[] checkForward(double[] z, double[] logits, Components c) {
    double[] u = new double[D];
    double[] exact = new double[D];
    Workspace all = new Workspace();
    near.forward(z, 0, logits, c, u, 0, workspace);
    MixtureRosenblatt.forward(z, 0, logits, 0, c, exact, 0, all);
    assertArrayEquals(exact, u, 1e-8);
    assertEquals(all.logDensity(), workspace.logDensity(), 1e-8);
    assertEquals(all.logDet(), workspace.logDet(), 1e-6);
    return u;
  }

  /** One channel lies in a tail, or so far out that all components are used. */
  @ParameterizedTest
  @CsvSource({"0", "-3", "3", "-5", "5", "40", "-400"})
  void forwardInTheTails(double far) {
    Components c = components(3_000, -2.3, 0.1);
    for (int i = 0; i < D; i++) {
      double[] z = normal(D, 0, 0.5);
      z[i] += far;
      checkForward(z, normal(3_000, 0, 1), c);
    }
  }

  @ParameterizedTest
  @CsvSource({"3000, -2.3, 0.1, 1", "3000, -2.3, 0.1, 6", "5000, -1, 0.5, 2", "2500, 1, 0.2, 1", "2048, -3.5, 0.3, 2"})
  void isTheInverse(int k, double logScale, double spread, double logit) {
    Components c = components(k, logScale, spread);
    for (int row = 0; row < 20; row++) {
      check(normal(D, 0, 1), normal(k, 0, logit), c);
    }
  }

  @Test
  void farDraws() {
    Components c = components(3_000, -2.3, 0.1);
    for (double far : new double[] {-5, 5, -7.5, 7.5}) {
      double[] u = normal(D, 0, 1);
      for (int i = 0; i < D; i++) {
        u[i] = far;
        double[] logits = normal(3_000, 0, 1);
        double[] z = new double[D];
        double[] exact = new double[D];
        near.inverse(u, 0, logits, c, z, 0, null, workspace);
        MixtureRosenblatt.inverse(u, 0, logits, 0, c, exact, 0, new Workspace());
        assertArrayEquals(exact, z, 1e-7);
      }
    }
  }

  /** A filter's removed components have no weight; a few, or one, are left from the start. */
  @ParameterizedTest
  @CsvSource({"1", "2", "40", "400"})
  void removedComponents(int left) {
    Components c = components(3_000, -2.3, 0.1);
    double[] logits = normal(3_000, 0, 1);
    Arrays.fill(logits, left, 3_000, -1e30);
    check(normal(D, 0, 1), logits, c);
  }

  /** All means equal in a channel, in two far groups, or with scales between which narrow components can come back. */
  @Test
  void unusualComponents() {
    double[] means = normal(3_000 * D, 0, 1);
    double[] logScales = normal(3_000, -2, 1.5);
    check(normal(D, 0, 1), normal(3_000, 0, 1), new Components(means, logScales, 3_000, D));
    for (int j = 0; j < 3_000; j++) {
      means[j * D] = 0.5;
      means[j * D + 1] = j % 2 == 0 ? -200 : 200;
    }
    check(normal(D, 0, 1), normal(3_000, 0, 1), new Components(means, logScales, 3_000, D));
  }

  /** It finds roots in one or two evaluations and leaves out most components. */
  @Test
  void isFast() {
    Components c = components(20_000, -2.3, 0.1);
    int[] most = new int[1];
    MixtureRosenblatt.InverseListener listener = new MixtureRosenblatt.InverseListener() {
      @Override
      public void begin() {
        most[0] = 0;
      }

      @Override
      public void solved(boolean last, int k, double[] logWeight, double[] logJoint, double[] x, double[] inverseScale) {
        double weights = 0;
        for (int j = 0; j < k; j++) {
          weights += Math.exp(logWeight[j]);
        }
        assertEquals(1.0, weights, 1e-9);
        most[0] = last ? k : 0;
      }
    };
    near.inverse(normal(D, 0, 1), 0, normal(20_000, 0, 2), c, new double[D], 0, listener, workspace);
    assertTrue(most[0] < 1_000, "left: " + most[0]);
    assertTrue(workspace.rootIterations() <= 3 * D, "evaluations: " + workspace.rootIterations());
  }

  @Test
  void notANumberStaysInItsRow() {
    Components c = components(2_500, -2.3, 0.1);
    double[] u = normal(D, 0, 1);
    double[] logits = normal(2_500, 0, 1);
    double[] bad = u.clone();
    bad[2] = Double.NaN;
    double[] z = new double[D];
    near.inverse(bad, 0, logits, c, z, 0, null, workspace);
    assertTrue(Double.isNaN(z[2]));
    near.forward(z, 0, logits, c, new double[D], 0, workspace);
    assertTrue(Double.isNaN(workspace.logDet()));
    check(u, logits, c);
  }

  /** Half of the channels rule out most codes; the decoded one is still the most probable of all, and of equal ones the first. */
  @Test
  void decodesTheMostProbable() {
    Components c = components(3_000, -2, 0.3);
    for (int j = 0; j < D; j++) {
      c.means[j * 3_000 + 17] = c.means[j * 3_000 + 2_900];
    }
    c.logScales[17] = c.logScales[2_900];
    c.scales[17] = c.scales[2_900];
    c.inverseScales[17] = c.inverseScales[2_900];
    double[] densities = new double[3_000];
    for (int row = 0; row < 40; row++) {
      double[] z = normal(D, 0, row < 20 ? 1 : 3);
      for (int j = 0; j < D && row == 0; j++) {
        z[j] = c.means[j * 3_000 + 17];
      }
      Codebook.logDensities(z, 0, c, densities, 0, workspace);
      int best = 0;
      for (int k = 1; k < 3_000; k++) {
        best = densities[k] > densities[best] ? k : best;
      }
      assertEquals(best, Codebook.decode(z, 0, c, workspace));
    }
  }
}
