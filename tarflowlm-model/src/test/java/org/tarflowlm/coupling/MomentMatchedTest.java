package org.tarflowlm.coupling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MomentMatchedTest {
  private final Workspace w = new Workspace();
  private final Random random = new Random(5);

  private double[] numbers(int count, double size) {
    return random.doubles(count, -size, size).toArray();
  }

  @ParameterizedTest
  @CsvSource({"1, 3", "2, 1", "9, 4", "27, 16"})
  void theInverseInvertsAndTheGradientIsTheDerivative(int k, int d) {
    double[] means = numbers(k * d, 1);
    double[] logScales = numbers(k, 0.5);
    double[] z = numbers(d, 2);
    double[] logits = numbers(k, 2);
    double[] a = numbers(d, 1);
    Components c = new Components(means, logScales, k, d);
    double[] u = new double[d];
    double[] back = new double[d];
    MomentMatched.forward(z, 0, logits, 0, c, u, 0, w);
    MomentMatched.inverse(u, 0, logits, 0, c, back, 0, w);
    assertArrayEquals(z, back, 1e-13);

    double[] dz = new double[d];
    double[] dLogits = new double[k];
    double[] dMeans = new double[k * d];
    double[] dLogScales = new double[k];
    MomentMatched.gradient(z, 0, logits, 0, c, a, 0, 0.7, dz, 0, dLogits, 0, dMeans, dLogScales, w);
    double[] byComponent = new double[k * d];
    Components.transpose(dMeans, 0, k, d, byComponent);
    double[][] inputs = {z, logits, means, logScales};
    double[][] gradients = {dz, dLogits, byComponent, dLogScales};
    for (int input = 0; input < inputs.length; input++) {
      for (int i = 0; i < inputs[input].length; i++) {
        double center = inputs[input][i];
        inputs[input][i] = center + 1e-5;
        double above = loss(inputs, a, k, d);
        inputs[input][i] = center - 1e-5;
        double below = loss(inputs, a, k, d);
        inputs[input][i] = center;
        assertEquals((above - below) / 2e-5, gradients[input][i], 2e-8 * Math.max(1, Math.abs(gradients[input][i])), input + ", " + i);
      }
    }
  }

  private double loss(double[][] inputs, double[] a, int k, int d) {
    double[] u = new double[d];
    MomentMatched.forward(inputs[0], 0, inputs[1], 0, new Components(inputs[2], inputs[3], k, d), u, 0, w);
    double sum = 0.7 * w.logDet();
    for (int i = 0; i < d; i++) {
      sum += a[i] * u[i];
    }
    return sum;
  }

  /** The density falls short of the mixture's by little for many wide channels, and by much for few sharp ones. */
  @Test
  void manyWideChannelsComeNearToTheMixture() {
    double wide = shortfall(32, 1.0);
    double sharp = shortfall(5, 0.1);
    assertTrue(wide > 0 && wide < 0.3, wide + " bits");
    assertTrue(sharp > 5 * wide, sharp + " bits");
  }

  /** Mean of log p under the mixture minus log p under this coupling, in bits per token, over draws of the mixture. */
  private double shortfall(int d, double scale) {
    int k = 16;
    double[] means = new double[k * d];
    for (int i = 0; i < means.length; i++) {
      means[i] = random.nextBoolean() ? 1 : -1;
    }
    Components c = new Components(means, random.doubles(k, Math.log(scale), Math.log(scale) + 1e-9).toArray(), k, d);
    double sum = 0;
    int draws = 2_000;
    double[] z = new double[d];
    double[] u = new double[d];
    for (int n = 0; n < draws; n++) {
      double[] logits = numbers(k, 3);
      double most = Double.NEGATIVE_INFINITY;
      int token = 0;
      for (int j = 0; j < k; j++) {
        double gumbel = logits[j] - Math.log(-Math.log(random.nextDouble()));
        token = gumbel > most ? j : token;
        most = Math.max(most, gumbel);
      }
      for (int i = 0; i < d; i++) {
        z[i] = means[token * d + i] + scale * random.nextGaussian();
      }
      sum += MixtureRosenblatt.logDensity(z, 0, logits, 0, c, w);
      MomentMatched.forward(z, 0, logits, 0, c, u, 0, w);
      sum -= w.logDet();
      for (double each : u) {
        sum -= Normal.logPdf(each);
      }
    }
    return sum / draws / Math.log(2);
  }
}
