package org.tarflowlm.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class DoubleLoopsTest {
  @Test
  void exponentialsOfArrays() {
    int n = 1_037;
    double[] x = new double[n];
    double[] y = new double[n];
    double[] gauss = new double[n];
    double[] steps = new double[n];
    for (int i = 0; i < n; i++) {
      x[i] = -0.7 * i * i / n; // 0 to -725
    }
    DoubleLoops.exp(x, y, steps, n);
    DoubleLoops.gauss(x, gauss, steps, n);
    for (int i = 0; i < n; i++) {
      assertEquals(Math.exp(Math.max(x[i], -623.8)), y[i], x[i] < -623 ? 1e-270 : 2e-13 * y[i], "exp " + x[i]);
      double half = -0.5 * x[i] * x[i];
      assertEquals(Math.exp(half), gauss[i], half < -623 ? 1e-270 : 2e-13 * gauss[i], "gauss " + x[i]);
    }
  }
}
