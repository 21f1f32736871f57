package org.tarflowlm.coupling.near;

import java.util.Arrays;
import org.tarflowlm.coupling.Normal;
import org.tarflowlm.vector.DoubleLoops;

/**
 * One tail of a scalar mixture of very many Gaussians, in double precision: its probability and two derivatives. The components pass in
 * tiles, whose temporaries stay in the first-level cache; every sum adds up tile by tile before it adds up a tile.
 */
final class TailSums {
  static final int TILE = 512;
  private static final double INVERSE_SQRT_2PI = Math.exp(-Normal.LOG_SQRT_2PI);

  double tail;
  double density;
  /** The density's derivative in the direction away from the tail. */
  double slope;

  private final double[] weight = new double[TILE];
  private final double[] inverseScale = new double[TILE];
  private final double[] x = new double[TILE];
  private final double[] mass = new double[TILE];
  private final double[] mills = new double[TILE];
  private final double[] steps = new double[TILE];
  private final double[] tails = new double[TILE];
  private final double[] densities = new double[TILE];
  private final double[] slopes = new double[TILE];

  /** Evaluates the lower tail at z if {@code side} is 1, the upper if it is -1. The weights need not add up to 1. */
  void evaluate(double z, double side, double[] weights, double[] mean, double[] inverse, int count) {
    Arrays.fill(tails, 0.0);
    Arrays.fill(densities, 0.0);
    Arrays.fill(slopes, 0.0);
    for (int at = 0; at < count; at += TILE) {
      int n = Math.min(TILE, count - at);
      System.arraycopy(weights, at, weight, 0, n);
      System.arraycopy(inverse, at, inverseScale, 0, n);
      System.arraycopy(mean, at, mills, 0, n);
      standardize(z, side, mills, inverseScale, x, n);
      DoubleLoops.gauss(x, mass, steps, n);
      Normal.upperMills(x, 0, n, mills);
      scale(mass, weight, n);
      addTails(x, weight, mass, mills, tails, n);
      addDensities(x, mass, inverseScale, densities, slopes, n);
    }
    tail = DoubleLoops.sum(tails, 0, TILE);
    density = DoubleLoops.sum(densities, 0, TILE);
    slope = DoubleLoops.sum(slopes, 0, TILE);
  }

  /** Writes target = exp(logits - largest); returns the sum. */
  double exp(double[] logits, double largest, double[] target, int count) {
    double sum = 0.0;
    for (int at = 0; at < count; at += TILE) {
      int n = Math.min(TILE, count - at);
      System.arraycopy(logits, at, x, 0, n);
      subtract(x, largest, n);
      DoubleLoops.exp(x, mass, steps, n);
      System.arraycopy(mass, 0, target, at, n);
      sum += DoubleLoops.sum(mass, 0, n);
    }
    return sum;
  }

  private static void subtract(double[] x, double y, int n) {
    for (int j = 0; j < n; j++) {
      x[j] -= y;
    }
  }

  private static void standardize(double z, double side, double[] mean, double[] inverseScale, double[] x, int n) {
    for (int j = 0; j < n; j++) {
      x[j] = side * (z - mean[j]) * inverseScale[j];
    }
  }

  private static void scale(double[] gauss, double[] weight, int n) {
    for (int j = 0; j < n; j++) {
      gauss[j] *= INVERSE_SQRT_2PI * weight[j];
    }
  }

  /** Adds weight Phi(x): the smaller tail where x is negative, the rest of the weight elsewhere, by a blend of exactly 0 or 1. */
  private static void addTails(double[] x, double[] weight, double[] mass, double[] mills, double[] tails, int n) {
    for (int j = 0; j < n; j++) {
      double positive = Math.min(Math.max(x[j] * 1e300, 0.0), 1.0);
      double smaller = mass[j] * mills[j];
      tails[j] += positive * (weight[j] - smaller) + (1.0 - positive) * smaller;
    }
  }

  private static void addDensities(double[] x, double[] mass, double[] inverseScale, double[] densities, double[] slopes, int n) {
    for (int j = 0; j < n; j++) {
      double density = mass[j] * inverseScale[j];
      densities[j] += density;
      slopes[j] -= density * x[j] * inverseScale[j];
    }
  }
}
