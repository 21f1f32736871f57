package org.tarflowlm.coupling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.tarflowlm.vector.DoubleLoops;

class NormalTest {
  /** x, erfcx(-x), log Phi(x), phi(x) / Phi(x), in 60-digit arithmetic (mpmath). */
  private static final double[][] REFERENCE = {
    {-1e4, 5.6418958072680841e-5, -50000010.129278915, 10000.000099999998},
    {-300.0, 0.0018806214973780645, -45006.622732118663, 300.00333325926337},
    {-38.5, 0.01464933663791092, -745.69527029041108, 38.525939096854494},
    {-12.0, 0.046854221014893763, -75.410673001568796, 12.082214175254284},
    {-5.0, 0.11070463773306863, -15.064998393988726, 5.1865039671258421},
    {-2.5, 0.21080636406114358, -5.0816482772786905, 2.8227447976639073},
    {-1.0, 0.427583576155807, -1.8410216450092635, 1.5251352761609812},
    {-0.3, 0.73459933456765515, -0.96210281816885066, 0.99816596885848332},
    {-0.001, 0.99887262008115141, -0.69394538346696518, 0.79852128956291138},
    {0.0, 1.0, -0.69314718055994531, 0.79788456080286536},
    {0.001, 1.0011293799198486, -0.69234961427268824, 0.79724805005643311},
    {0.5, 1.9523604891825571, -0.36894641528865639, 0.50916043383703349},
    {1.0, 5.0089800807622835, -0.17275377902344989, 0.28759997093917836},
    {2.0, 108.94090438997797, -0.023012909328963488, 0.055247862678989959},
    {4.0, 17772220.904016288, -3.1671743377489264e-5, 0.00013383446446857514},
    {6.0, 8622463094230390.4, -9.8658764552437573e-10, 6.0758828558176764e-9},
    {8.0, 1.2470298161623234e+28, -6.2209605742717861e-16, 5.0522710835368954e-15},
  };

  private static void assertRelative(double expected, double got, double tolerance) {
    assertEquals(expected, got, tolerance * Math.abs(expected));
  }

  @Test
  void matchesReferenceValues() {
    for (double[] row : REFERENCE) {
      // the code loses x^2/2 and x^2 roundings where it computes phi and exp(x^2) at all
      double tolerance = 2e-15 * (1 + Math.max(0, row[0]) * row[0]);
      assertRelative(row[2], Normal.logCdf(row[0]), tolerance);
      assertRelative(row[3], Normal.hazard(row[0]), tolerance);
      if (row[0] <= 0) {
        assertRelative(1 / row[3], Normal.upperMills(-row[0]), tolerance);
      }
    }
  }

  @Test
  void quantileInvertsLogCdfOverTheWholeRange() {
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      double u = -Math.exp(random.nextDouble() * 20 - 8); // -3e-4 to -160000
      assertEquals(u, Normal.quantileOfLog(Normal.logCdf(u)), 1e-14 * Math.max(1, -u));
      assertEquals(-u, Normal.quantileFromLogs(Normal.logCdf(-u), Normal.logCdf(u)), 1e-14 * Math.max(1, -u));
    }
    assertEquals(0.0, Normal.quantileOfLog(Normal.LOG_HALF));
    assertEquals(0.0, Normal.quantileOfLog(0.0));
    assertRelative(-Math.sqrt(2e300), Normal.quantileOfLog(-1e300), 1e-14);
  }

  @Test
  void arrayFormAgreesWithScalarForm() {
    Random random = new Random(2);
    for (int count : new int[] {1, 3, 8, 100}) {
      double[] x = random.doubles(count + 2, -50, 50).toArray();
      double[] result = new double[count + 2];
      Normal.upperMills(x, 2, count, result);
      for (int i = 2; i < count + 2; i++) {
        assertRelative(Normal.upperMills(Math.abs(x[i])), result[i], 1e-15);
      }
    }
  }

  @Test
  void exponentialAgreesWithTheLibrary() {
    Random random = new Random(3);
    for (int i = 0; i < 100_000; i++) {
      double x = (random.nextDouble() * 2 - 1) * (i % 2 == 0 ? 700 : 2);
      assertRelative(Math.exp(x), DoubleLoops.exp(x), 5e-16);
    }
    assertEquals(0.0, DoubleLoops.exp(-701));
    assertEquals(0.0, DoubleLoops.exp(Double.NEGATIVE_INFINITY));
    assertEquals(Double.POSITIVE_INFINITY, DoubleLoops.exp(1e300));
    assertTrue(Double.isNaN(DoubleLoops.exp(Double.NaN)));
  }
}
