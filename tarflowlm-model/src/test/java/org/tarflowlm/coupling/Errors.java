package org.tarflowlm.coupling;

import static org.junit.jupiter.api.Assertions.assertTrue;

/** The error measures of the golden vectors' README. A NaN or an infinity fails every check. */
public final class Errors {
  private final double[] u;
  private final double[] logDensity;
  private final double[] logDet;
  private final double uTolerance;
  private final double logTolerance;
  private final int dims;

  /** At the float64 tolerances. */
  Errors(Golden.Case c) {
    this(c, c.node().has("K") && c.node().has("d") ? 1e-11 : 1e-12, 1e-11);
  }

  public Errors(Golden.Case c, double uTolerance, double logTolerance) {
    u = c.output("u");
    logDensity = c.node().get("outputs").has("log_pdf") ? c.output("log_pdf") : new double[u.length];
    logDet = c.output("logdet");
    this.uTolerance = uTolerance;
    this.logTolerance = logTolerance;
    dims = u.length / logDet.length;
  }

  /** e_u of scalar {@code i}. */
  public void u(int i, double got) {
    check("u", i, Math.abs(got - u[i]) / Math.max(1, Math.abs(u[i])), uTolerance);
  }

  /** e_l of position {@code i}. */
  public void logDet(int i, double got) {
    check("logdet", i, Math.abs(got - logDet[i]) / logScale(i), logTolerance);
  }

  /** e_l of position {@code i}, of log p. */
  public void logDensity(int i, double got) {
    check("log p", i, Math.abs(got - logDensity[i]) / logScale(i), logTolerance);
  }

  private double logScale(int i) {
    double squares = 0;
    for (int j = i * dims; j < (i + 1) * dims; j++) {
      squares += u[j] * u[j];
    }
    return 1 + squares / 2 + Math.abs(logDensity[i]);
  }

  /** e_g with the largest gradient of the whole tensor as the scale. */
  public static void gradient(double tolerance, double[] expected, double[] got) {
    double scale = 1;
    for (double g : expected) {
      scale = Math.max(scale, Math.abs(g));
    }
    for (int i = 0; i < expected.length; i++) {
      check("gradient", i, Math.abs(got[i] - expected[i]) / scale, tolerance);
    }
  }

  /** e_g with the largest gradient of the row, over all tensors, as the scale. */
  public static void gradientByRows(double tolerance, int rows, double[][] expected, double[][] got) {
    for (int row = 0; row < rows; row++) {
      double scale = 1;
      for (double[] tensor : expected) {
        int width = tensor.length / rows;
        for (int i = row * width; i < (row + 1) * width; i++) {
          scale = Math.max(scale, Math.abs(tensor[i]));
        }
      }
      for (int t = 0; t < expected.length; t++) {
        int width = expected[t].length / rows;
        for (int i = row * width; i < (row + 1) * width; i++) {
          check("gradient " + t, i, Math.abs(got[t][i] - expected[t][i]) / scale, tolerance);
        }
      }
    }
  }

  /** |difference| / max(1, |value|). */
  public static void relative(double tolerance, double[] expected, double[] got) {
    for (int i = 0; i < expected.length; i++) {
      check("value", i, Math.abs(got[i] - expected[i]) / Math.max(1, Math.abs(expected[i])), tolerance);
    }
  }

  /** |difference| / max(1, |z|) where the inverse is well conditioned. */
  public static void inverse(double tolerance, double largestSlope, double[] z, double[] slope, double[] got) {
    for (int i = 0; i < z.length; i++) {
      if (slope[i] < largestSlope) {
        check("inverse", i, Math.abs(got[i] - z[i]) / Math.max(1, Math.abs(z[i])), tolerance);
      }
    }
  }

  static void check(String what, int i, double error, double tolerance) {
    assertTrue(error <= tolerance, () -> what + "[" + i + "]: error " + error + " exceeds " + tolerance);
  }
}
