package org.tarflowlm.coupling;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.LUDecomposition;
import org.junit.jupiter.api.Test;

/**
 * A mixture coupling's outer map may be the probit with a normal base, or the logit with a logistic base (paper appendix D). Both have the
 * same density, and the fixed bijection v = logit(Phi(u)) relates v = logit(F(z)) to u = probit(F(z)). The couplings use the probit; this
 * test computes the logit.
 */
class OuterMapTest {
  private static final NormalDistribution NORMAL = new NormalDistribution(null, 0, 1);
  private static final double STEP = 1e-5;

  @Test
  void logitAndProbitGiveTheSameDensityOfAScalar() {
    Random random = new Random(8);
    Workspace w = new Workspace();
    int k = 4;
    for (int trial = 0; trial < 50; trial++) {
      double[] theta = random.doubles(3L * k, -1, 1).toArray();
      double z = 2 * random.nextGaussian();
      double u = MixtureCdf.forward(z, theta, 0, k, w);
      double normalBase = logNormal(u) + w.logDet();
      double v = logit(cdf(z, theta, k));
      assertEquals(v, bijection(u), 1e-8 * (1 + Math.abs(v)));
      double slope = (logit(cdf(z + STEP, theta, k)) - logit(cdf(z - STEP, theta, k))) / (2 * STEP);
      assertEquals(normalBase, logLogistic(v) + Math.log(slope), 1e-6);
    }
  }

  @Test
  void logitAndProbitGiveTheSameDensityOfAVector() {
    Random random = new Random(9);
    int k = 3;
    int dims = 3;
    for (int trial = 0; trial < 20; trial++) {
      Components components = new Components(random.doubles((long) k * dims, -1.5, 1.5).toArray(),
          random.doubles(k, -0.7, 0.5).toArray(), k, dims);
      double[] logits = random.doubles(k, -1, 1).toArray();
      double[] z = random.doubles(dims, -1.5, 1.5).toArray();
      double normalBase = MixtureRosenblatt.logDensity(z, 0, logits, 0, components, new Workspace());
      Array2DRowRealMatrix jacobian = new Array2DRowRealMatrix(dims, dims);
      for (int j = 0; j < dims; j++) {
        double[] above = z.clone();
        double[] below = z.clone();
        above[j] += STEP;
        below[j] -= STEP;
        double[] vAbove = logits(above, logits, components);
        double[] vBelow = logits(below, logits, components);
        for (int i = 0; i < dims; i++) {
          jacobian.setEntry(i, j, (vAbove[i] - vBelow[i]) / (2 * STEP));
        }
      }
      double logisticBase = Math.log(new LUDecomposition(jacobian).getDeterminant());
      for (double v : logits(z, logits, components)) {
        logisticBase += logLogistic(v);
      }
      assertEquals(normalBase, logisticBase, 1e-6);
    }
  }

  /** The Rosenblatt map with the logit as its outer map. */
  private static double[] logits(double[] z, double[] weights, Components components) {
    double[] u = new double[z.length];
    MixtureRosenblatt.forward(z, 0, weights, 0, components, u, 0, new Workspace());
    for (int i = 0; i < u.length; i++) {
      u[i] = bijection(u[i]);
    }
    return u;
  }

  private static double cdf(double z, double[] theta, int k) {
    double total = 0;
    double below = 0;
    for (int i = 0; i < k; i++) {
      double weight = Math.exp(theta[i]);
      total += weight;
      below += weight * NORMAL.cumulativeProbability((z - theta[k + i]) / Math.exp(theta[2 * k + i]));
    }
    return below / total;
  }

  private static double bijection(double u) {
    return logit(NORMAL.cumulativeProbability(u));
  }

  private static double logit(double p) {
    return Math.log(p) - Math.log1p(-p);
  }

  private static double logNormal(double u) {
    return -0.5 * u * u - 0.5 * Math.log(2 * Math.PI);
  }

  private static double logLogistic(double v) {
    return -v - 2 * Math.log1p(Math.exp(-v));
  }
}
