package org.tarflowlm.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowLayer;
import org.tarflowlm.nn.TarFlowNetwork;

class DivergenceFrontierTest {
  @Test
  void areaIsOneForEqualHistogramsZeroForDisjointOnesAndSymmetric() {
    double[] p = {0.5, 0.3, 0.2};
    double[] q = {0.1, 0.3, 0.6};
    assertEquals(1, DivergenceFrontier.area(p, p), 1e-12);
    assertEquals(DivergenceFrontier.area(p, q), DivergenceFrontier.area(q, p), 1e-12);
    // disjoint: the frontier is e^(-5 log(1/(1-w))) = (1 - w)^5 against w^5, whose area is B(5, 6) * 5 = 1/252
    assertEquals(1.0 / 252, DivergenceFrontier.area(new double[] {1, 0}, new double[] {0, 1}), 1e-4);
  }

  /** Sums over the same curve in finer steps. */
  @Test
  void areaAgreesWithAFineSum() {
    double[] p = {0.7, 0.3};
    double[] q = {0.4, 0.6};
    double sum = 0;
    double x = 1;
    double y = Math.exp(-5 * (0.7 * Math.log(0.7 / 0.4) + 0.3 * Math.log(0.3 / 0.6)));
    for (int i = 1; i <= 100_000; i++) {
      double w = i / 100_000.0;
      double a = w * p[0] + (1 - w) * q[0];
      double b = w * p[1] + (1 - w) * q[1];
      double nextX = Math.exp(-5 * (q[0] * Math.log(q[0] / a) + q[1] * Math.log(q[1] / b)));
      double nextY = Math.exp(-5 * (p[0] * Math.log(p[0] / a) + p[1] * Math.log(p[1] / b)));
      sum += (x - nextX) * (y + nextY) / 2;
      x = nextX;
      y = nextY;
    }
    sum += x * (y + 1) / 2;
    assertEquals(sum, DivergenceFrontier.area(p, q), 1e-4);
  }

  private static double[][] cloud(Random random, int count, double shift) {
    double[][] points = new double[count][4];
    for (double[] point : points) {
      for (int i = 0; i < point.length; i++) {
        point[i] = random.nextGaussian() + (i == 0 ? shift : 0);
      }
    }
    return points;
  }

  @Test
  void setsOfOneDistributionAreCloseAndOthersTheFartherTheLess() {
    Random random = new Random(1);
    double[][] people = cloud(random, 300, 0);
    double same = DivergenceFrontier.between(people, cloud(random, 300, 0), 1);
    double near = DivergenceFrontier.between(people, cloud(random, 300, 1), 1);
    double far = DivergenceFrontier.between(people, cloud(random, 300, 6), 1);
    assertTrue(same > 0.8 && same > near + 0.1 && near > far + 0.1 && far < 0.05, same + " " + near + " " + far);
    double[][] other = cloud(random, 300, 1);
    assertEquals(DivergenceFrontier.between(people, other, 1), DivergenceFrontier.between(people, other, 1));
    assertThrows(IllegalArgumentException.class, () -> DivergenceFrontier.between(people, cloud(random, 9, 0), 1));
  }

  @Test
  void statesDependOnTheTokensBeforeAlone() {
    TarFlowConfig config = TestModels.everyCoupling(1).autoregressiveTwin().withContextLength(40);
    TarFlowLayer judge = TarFlowNetwork.layer(TarFlowNetwork.create(config, OptimizerSpec.defaults(), 10, 3));
    int[] text = TestModels.pattern(4, 1, 40).data().asInt();
    double[][] states = DivergenceFrontier.states(judge, new int[][] {text}, 0);
    assertEquals(2, states.length); // at tokens 15 and 31
    assertEquals(config.width(), states[0].length);
    int[] other = text.clone();
    other[20] = (other[20] + 1) % TestModels.VOCAB;
    double[][] changed = DivergenceFrontier.states(judge, new int[][] {other}, 0);
    assertArrayEquals(states[0], changed[0]);
    assertTrue(!java.util.Arrays.equals(states[1], changed[1]));
    assertEquals(1, DivergenceFrontier.states(judge, new int[][] {text}, 20).length);
    TarFlowConfig stack = TestModels.everyCoupling(1).withContextLength(40);
    TarFlowLayer flows = TarFlowNetwork.layer(TarFlowNetwork.create(stack, OptimizerSpec.defaults(), 10, 3));
    assertThrows(IllegalStateException.class, () -> DivergenceFrontier.states(flows, new int[][] {text}, 0));
  }
}
