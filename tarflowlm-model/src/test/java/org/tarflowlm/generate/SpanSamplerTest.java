package org.tarflowlm.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.flow.RandomModel;
import org.tarflowlm.flow.StackTransform;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.flow.TokenFilter;

/**
 * Compares conditional samples of one scalar latent with the conditional distribution, p(z_t | others) proportional to p(z), which the test
 * integrates numerically over a grid.
 */
class SpanSamplerTest {
  private static final Direction L2R = Direction.LEFT_TO_RIGHT;
  private static final Direction R2L = Direction.RIGHT_TO_LEFT;
  private static final int SAMPLES = 400;
  /** A correct sampler exceeds this Kolmogorov-Smirnov distance once in 1000 runs. */
  private static final double CRITICAL = 1.95 / Math.sqrt(SAMPLES);

  @Test
  void exactScanIsExactForAPrompt() {
    TarFlowConfig config = config(3, FlowSpec.mix1(1, 2, L2R), FlowSpec.affine(1, L2R));
    assertTrue(SpanSampler.isExactScan(config, 3, 2, 3));
    assertTrue(distance(config, 2, new double[] {0.4, -0.9, 0}, 2, 0) < CRITICAL);
  }

  @Test
  void exactScanGivesTheNoiseBack() {
    givesTheNoiseBack(config(8, FlowSpec.mix1(1, 2, L2R), FlowSpec.affine(1, L2R)));
  }

  /** After a prompt, a last flow from right to left reads no frozen value, so one draw suffices. */
  @Test
  void frozenValuesThatDoNotMatterGiveTheNoiseBack() {
    givesTheNoiseBack(config(8, FlowSpec.mix1(1, 2, L2R), FlowSpec.affine(1, R2L)));
    givesTheNoiseBack(config(8, FlowSpec.mix1(1, 2, L2R), FlowSpec.affine(1, L2R), FlowSpec.mix1(1, 2, R2L)));
  }

  private static void givesTheNoiseBack(TarFlowConfig config) {
    StackWeights weights = weights(config, 2);
    double[][] z = {{0.3, -0.2, 1.1, 0, 0, 0, 0, 0}};
    new SpanSampler(weights, TokenFilter.NONE, 0.7, 1, 8, 3, 8).draw(z, new Random[] {new Random(5)}, 0, null);
    double[] u = new StackTransform(weights).forward(z).latents().u()[0];
    Random noise = new Random(5);
    for (int t = 3; t < 8; t++) {
      assertEquals(0.7 * noise.nextGaussian(), u[t], 1e-5);
    }
  }

  /** A trunk with an in-token flow reads the prompt as one flow does. */
  @Test
  void exactScanIsExactForAPromptOfATrunk() {
    TarFlowConfig config = config(3, FlowSpec.affine(1, L2R), FlowSpec.mix1(0, 2, L2R).withChannelDirection(ChannelDirection.DESCENDING));
    assertTrue(SpanSampler.isExactScan(config, 3, 2, 3));
    assertTrue(distance(config, 2, new double[] {0.4, -0.9, 0}, 2, 0) < CRITICAL);
  }

  @Test
  void metropolisStepsMakeAPromptUnderARightToLeftFlowExact() {
    TarFlowConfig config = config(2, FlowSpec.affine(1, L2R), FlowSpec.mix1(1, 2, R2L));
    assertFalse(SpanSampler.isExactScan(config, 2, 1, 2));
    double[] z = {-1.0, 0};
    double approximate = distance(config, 2, z, 1, 0);
    double refined = distance(config, 2, z, 1, 30);
    assertTrue(approximate > 1.2 * CRITICAL, "the approximation should differ here, or the test shows nothing: " + approximate);
    assertTrue(refined < CRITICAL, "distance " + refined);
  }

  @Test
  void metropolisStepsMakeThreeFlowsExact() {
    TarFlowConfig config = config(3, FlowSpec.mix1(1, 2, L2R), FlowSpec.mix1(1, 2, R2L), FlowSpec.mix1(1, 2, L2R));
    double[] z = {-1.0, 0.8, 0};
    double approximate = distance(config, 1, z, 2, 0);
    assertTrue(approximate > 1.2 * CRITICAL, "the approximation should differ here, or the test shows nothing: " + approximate);
    double refined = distance(config, 1, z, 2, 30);
    assertTrue(refined < CRITICAL, "distance " + refined);
  }

  @Test
  void metropolisStepsMakeInfillingExact() {
    TarFlowConfig config = config(3, FlowSpec.mix1(1, 2, L2R), FlowSpec.affine(1, L2R));
    assertFalse(SpanSampler.isExactScan(config, 3, 1, 2));
    double[] z = {0.7, 0, -0.9};
    double approximate = distance(config, 2, z, 1, 0);
    assertTrue(approximate > 1.2 * CRITICAL, "the approximation should differ here, or the test shows nothing: " + approximate);
    double refined = distance(config, 2, z, 1, 45);
    assertTrue(refined < CRITICAL, "distance " + refined);
  }

  @Test
  void directionsDecideWhatIsExact() {
    TarFlowConfig forward = config(4, FlowSpec.affine(1, L2R), FlowSpec.affine(1, L2R));
    TarFlowConfig backward = config(4, FlowSpec.affine(1, R2L));
    TarFlowConfig both = config(4, FlowSpec.affine(1, L2R), FlowSpec.affine(1, R2L));
    assertTrue(SpanSampler.isExactScan(backward, 4, 0, 2));
    assertFalse(SpanSampler.isExactScan(forward, 4, 0, 2));
    assertFalse(SpanSampler.isExactScan(both, 4, 2, 4));
    assertTrue(SpanSampler.isExactScan(both, 4, 0, 4));
  }

  /** Kolmogorov-Smirnov distance between samples of z[at] and its conditional distribution. */
  private static double distance(TarFlowConfig config, long seed, double[] known, int at, int refinements) {
    StackWeights weights = weights(config, seed);
    double[][] z = new double[SAMPLES][];
    Random[] random = new Random[SAMPLES];
    for (int b = 0; b < SAMPLES; b++) {
      z[b] = known.clone();
      random[b] = Prompts.random(3, b);
    }
    new SpanSampler(weights, TokenFilter.NONE, 1.0, SAMPLES, known.length, at, at + 1).draw(z, random, refinements, null);
    double[] samples = Arrays.stream(z).mapToDouble(sequence -> sequence[at]).sorted().toArray();

    int cells = 4000;
    double low = -10;
    double step = 20.0 / cells;
    double[][] grid = new double[cells][];
    for (int i = 0; i < cells; i++) {
      grid[i] = known.clone();
      grid[i][at] = low + (i + 0.5) * step;
    }
    double[] density = new StackTransform(weights).forward(grid).logDensity();
    double max = Arrays.stream(density).max().orElseThrow();
    double total = Arrays.stream(density).map(v -> Math.exp(v - max)).sum();
    double cumulative = 0;
    double worst = 0;
    int below = 0;
    for (int i = 0; i < cells; i++) {
      cumulative += Math.exp(density[i] - max) / total;
      while (below < SAMPLES && samples[below] < low + (i + 1) * step) {
        below++;
      }
      worst = Math.max(worst, Math.abs(cumulative - (double) below / SAMPLES));
    }
    return worst;
  }

  private static TarFlowConfig config(int positions, FlowSpec... flows) {
    return RandomModel.config(3, positions, 1, 8, 2, 1, false, flows);
  }

  /** Weights of flows that depend strongly on their contexts. */
  private static StackWeights weights(TarFlowConfig config, long seed) {
    Map<String, float[]> parameters = RandomModel.parameters(config, seed);
    parameters.forEach((name, values) -> {
      for (int i = 0; i < values.length && name.endsWith("maf.out.weight"); i++) {
        values[i] *= 2;
      }
    });
    return StackWeights.of(config, parameters::get);
  }
}
