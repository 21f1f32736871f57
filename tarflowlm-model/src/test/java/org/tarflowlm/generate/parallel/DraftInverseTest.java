package org.tarflowlm.generate.parallel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.Normal;
import org.tarflowlm.coupling.Workspace;

/** Guesses the inverse of Mix-d, and computes it where a single component is left. */
class DraftInverseTest {
  private static final int K = 9;
  private static final int D = 3;

  /** Components on a grid. Several share a coordinate, so it takes more than one dimension to tell them apart. */
  private static Components grid(double scale) {
    double[] means = new double[K * D];
    double[] logScales = new double[K];
    for (int k = 0; k < K; k++) {
      means[k * D] = k % 3;
      means[k * D + 1] = k / 3;
      means[k * D + 2] = 0.1 * k;
      logScales[k] = Math.log(scale);
    }
    return new Components(means, logScales, K, D);
  }

  private static double[] gaussian(Random random, int count) {
    double[] x = new double[count];
    for (int i = 0; i < count; i++) {
      x[i] = random.nextGaussian();
    }
    return x;
  }

  private static double[] softmax(double[] logits) {
    double[] p = new double[logits.length];
    double sum = 0.0;
    for (int k = 0; k < p.length; k++) {
      p[k] = Math.exp(logits[k]);
      sum += p[k];
    }
    for (int k = 0; k < p.length; k++) {
      p[k] /= sum;
    }
    return p;
  }

  @Test
  void narrowComponentsAreGuessedRight() {
    Components components = grid(0.004);
    DraftInverse points = new DraftInverse(components);
    Workspace w = new Workspace();
    Random random = new Random(1);
    double[] z = new double[D];
    double[] guess = new double[D];
    double sure = 0.0;
    for (int n = 0; n < 2000; n++) {
      double[] u = gaussian(random, D);
      double[] logits = gaussian(random, K);
      MixtureRosenblatt.inverse(u, 0, logits, 0, components, z, 0, w);
      int chosen = points.inverse(u, 0, softmax(logits), guess, 0);
      assertEquals(Codebook.decode(z, 0, components, w), chosen, "case " + n);
      assertArrayEquals(z, guess, 0.02, "case " + n);
      assertTrue(points.confidence() > 0 && points.confidence() <= 1);
      sure += points.confidence() / 2000;
    }
    assertTrue(sure > 0.5, "mean confidence " + sure);
  }

  @Test
  void confidenceIsHowOftenOtherWeightsAgree() {
    Components components = grid(0.004);
    DraftInverse points = new DraftInverse(components);
    Random random = new Random(2);
    double[] z = new double[D];
    int[] asked = new int[4];
    int[] agreed = new int[4];
    for (int n = 0; n < 20_000; n++) {
      double[] u = gaussian(random, D);
      double[] logits = gaussian(random, K);
      double[] others = logits.clone();
      for (int k = 0; k < K; k++) {
        others[k] += 0.3 * random.nextGaussian();
      }
      int chosen = points.inverse(u, 0, softmax(logits), z, 0);
      int bin = (int) Math.min(3, 4 * points.confidence());
      asked[bin]++;
      agreed[bin] += points.inverse(u, 0, softmax(others), z, 0) == chosen ? 1 : 0;
    }
    for (int bin = 1; bin < 4; bin++) {
      assertTrue((double) agreed[bin] / asked[bin] > (double) agreed[bin - 1] / asked[bin - 1], "bin " + bin);
    }
  }

  @Test
  void weightlessComponentsAreNotChosen() {
    DraftInverse points = new DraftInverse(grid(0.004));
    double[] z = new double[D];
    double[] weights = new double[K];
    weights[5] = 0.3;
    assertEquals(5, points.inverse(new double[] {-3, 0.5, 3}, 0, weights, z, 0));
    assertEquals(1.0, points.confidence());
  }

  /** How far the sum of weights must move before it chooses another component; in the second dimension, among the weights that are left. */
  @Test
  void theMarginIsTheDistanceFromTheNextComponent() {
    Components components = grid(0.004);
    Workspace w = new Workspace();
    ComponentMargin found = new ComponentMargin();
    Random random = new Random(5);
    double[] z = new double[D];
    for (int n = 0; n < 500; n++) {
      double[] u = gaussian(random, D);
      double[] logits = gaussian(random, K);
      double[] p = softmax(logits);
      MixtureRosenblatt.inverse(u, 0, logits, 0, components, z, 0, found, w);
      double margin = found.margin();
      int chosen = Codebook.decode(z, 0, components, w);
      double below = 0.0;
      double own = 0.0;
      for (int k = 0; k < K; k++) {
        below += k % 3 < chosen % 3 ? p[k] : 0.0;
        own += k % 3 == chosen % 3 ? p[k] : 0.0;
      }
      double f = Math.exp(Normal.logCdf(u[0]));
      double first = Math.min(f - below, below + own - f);
      double left = 0.0;
      for (int k = chosen % 3; k < chosen; k += 3) {
        left += p[k] / own;
      }
      double g = Math.exp(Normal.logCdf(u[1]));
      double second = Math.min(g - left, left + p[chosen] / own - g);
      assertEquals(Math.min(first, second), margin, 1e-9, "case " + n);
    }
    // components overlap: it may be any of them
    MixtureRosenblatt.inverse(new double[D], 0, new double[K], 0, grid(0.5), z, 0, found, w);
    assertEquals(0.0, found.margin());
  }

  /** The code solves for all dimensions of wide components, and for as many of narrow ones as tell them apart. Both are exact. */
  @Test
  void theInverseEndsEarlyWhereOneComponentIsLeft() {
    Random random = new Random(3);
    double least = 0.0;
    for (double scale : new double[] {0.004, 0.5}) {
      Components components = grid(scale);
      Workspace w = new Workspace();
      double[] z = new double[D];
      double[] back = new double[D];
      for (int n = 0; n < 500; n++) {
        double[] u = gaussian(random, D);
        if (n % 10 == 0) {
          u[2] = 7.5;
        }
        double[] logits = gaussian(random, K);
        MixtureRosenblatt.inverse(u, 0, logits, 0, components, z, 0, w);
        MixtureRosenblatt.forward(z, 0, logits, 0, components, back, 0, w);
        assertArrayEquals(u, back, 1e-9, scale + ", case " + n);
      }
      double iterations = (double) w.rootIterations() / w.inversions();
      assertEquals(1500, w.inversions());
      assertTrue(iterations > 1.3 * least, "mean iterations " + iterations + " at scale " + scale + ", " + least + " before");
      least = iterations;
    }
  }
}
