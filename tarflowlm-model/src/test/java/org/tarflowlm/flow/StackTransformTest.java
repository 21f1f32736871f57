package org.tarflowlm.flow;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Normal;
import org.tarflowlm.coupling.Workspace;

public class StackTransformTest {
  private static final int VOCABULARY = 7;
  private static final int CONTEXT = 12;
  private static final Direction L2R = Direction.LEFT_TO_RIGHT;
  private static final Direction R2L = Direction.RIGHT_TO_LEFT;

  /** Every coupling in both directions alone, and stacks of several, with and without mixing, for patches of 1, 2 and 4 tokens. */
  public static List<Arguments> models() {
    List<Arguments> result = new ArrayList<>();
    for (int patch : new int[] {1, 2, 4}) {
      for (Direction direction : Direction.values()) {
        Direction other = direction.opposite();
        FlowSpec[][] stacks = {
            {FlowSpec.affine(1, direction)},
            {FlowSpec.mix1(1, 3, direction)},
            {FlowSpec.mixD(1, 4, direction)},
            {FlowSpec.tiedMixD(2, VOCABULARY, direction), FlowSpec.mix1(1, 2, other), FlowSpec.affine(1, direction)},
            {FlowSpec.mix1(1, 2, direction), FlowSpec.mixD(1, 3, other), FlowSpec.mix1(1, 2, direction)},
            {down(FlowSpec.affine(1, direction))},
            {FlowSpec.mix1(1, 2, direction), down(FlowSpec.mix1(1, 2, other))},
            {FlowSpec.affine(1, direction), down(FlowSpec.affine(0, direction)), FlowSpec.mix1(0, 2, direction)},
            {down(FlowSpec.affine(1, direction)), FlowSpec.affine(1, other), down(FlowSpec.mix1(0, 2, other)), FlowSpec.mixD(0, 3, other)}};
        for (FlowSpec[] stack : stacks) {
          for (boolean mixing : stack.length > 1 ? new boolean[] {false, true} : new boolean[] {false}) {
            String name = "patch " + patch + (mixing ? ", mixing " : ", no mixing ") + List.of(stack);
            result.add(Arguments.of(name, RandomModel.config(VOCABULARY, CONTEXT, 2, 8, 2, patch, mixing, stack)));
          }
        }
      }
    }
    result.add(Arguments.of("heads of three hidden layers", new TarFlowConfig(ModelType.TARFLOW, VOCABULARY, CONTEXT, 2, 8, 2, 2, false,
        List.of(FlowSpec.affine(1, L2R), down(FlowSpec.affine(0, L2R)), FlowSpec.mix1(0, 2, L2R)), null, null, 16, null, 3, null)));
    return result;
  }

  private static FlowSpec down(FlowSpec flow) {
    return flow.withChannelDirection(ChannelDirection.DESCENDING);
  }

  /** With one component left, z is an affine function of u; a Mix-1 flow after another one stays as it is. */
  @Test
  void temperatureSharpensTheWeightsOfAFirstMix1Flow() {
    Sampling cold = new Sampling(1e-6, 1, 0, 1);
    double[][] nothing = new double[3][0];
    double[][] u = {{-1, 0}, {0, 0}, {1, 0}};
    TarFlowConfig one = RandomModel.config(VOCABULARY, CONTEXT, 2, 8, 2, 1, false, FlowSpec.mix1(1, 3, L2R));
    StackWeights weights = StackWeights.of(one, RandomModel.parameters(one, 5)::get);
    assertEquals(0, bend(FlowPass.inverse(weights.flows().get(0), cold, 2, u, nothing)), 1e-9);
    assertTrue(Math.abs(bend(new StackTransform(weights).inverse(u).latents().h()[0])) > 1e-3);

    TarFlowConfig two = RandomModel.config(VOCABULARY, CONTEXT, 2, 8, 2, 1, false, FlowSpec.mix1(1, 1, L2R), FlowSpec.mix1(1, 3, R2L));
    StackWeights behind = StackWeights.of(two, RandomModel.parameters(two, 5)::get);
    double[][][] h = new StackTransform(behind).inverse(u).latents().h();
    assertArrayEquals(h[1], FlowPass.inverse(behind.flows().get(1), cold, 2, u, nothing));
    assertArrayEquals(h[0], FlowPass.inverse(behind.flows().get(0), cold, 2, h[1], nothing));
  }

  private static double bend(double[][] z) {
    return z[0][0] - 2 * z[1][0] + z[2][0];
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void forwardEqualsTheNaiveStackAndInverseUndoesIt(String name, TarFlowConfig config) {
    Map<String, float[]> parameters = RandomModel.parameters(config, 5);
    StackTransform stack = new StackTransform(StackWeights.of(config, parameters::get));
    double[][] z = encoded(stack.weights(), 3, 11);

    StackTransform.Forward forward = stack.forward(z);
    for (int b = 0; b < z.length; b++) {
      double[] logDet = new double[1];
      double[][][] naive = new NaiveStack(config, parameters).forward(rows(z[b], config.channels()), logDet);
      for (int l = 0; l < naive.length; l++) {
        assertClose(flat(naive[l]), forward.latents().h()[l][b], 1e-4, "level " + l);
      }
      double logDensity = logDet[0];
      for (double u : flat(naive[naive.length - 1])) {
        logDensity += Normal.logPdf(u);
      }
      assertEquals(logDensity, forward.logDensity()[b], 1e-4 * Math.max(10, Math.abs(logDensity)));
    }

    StackTransform.Inverse inverse = stack.inverse(forward.latents().u());
    for (int l = inverse.latents().flows(); l >= 0; l--) {
      for (int b = 0; b < z.length; b++) {
        assertClose(forward.latents().h()[l][b], inverse.latents().h()[l][b], 1e-4, "inverse, level " + l);
      }
    }
    LatentDecoder decoder = new LatentDecoder(stack.weights().codebook());
    assertArrayEquals(decoder.decode(z[0]), decoder.decode(inverse.latents().z()[0]));
  }

  @Test
  void aSequenceDoesNotDependOnItsBatch() {
    StackTransform stack = stack();
    double[][] u = noise(stack.weights().config(), 5, 3);
    double[][] together = stack.inverse(u).latents().z();
    for (int b = 0; b < u.length; b++) {
      assertArrayEquals(stack.inverse(new double[][] {u[b]}).latents().z()[0], together[b]);
    }
  }

  @Test
  void shortSequencesAreInvertedToo() {
    StackTransform stack = stack();
    double[][] u = noise(stack.weights().config(), 2, 3);
    u = new double[][] {Arrays.copyOf(u[0], 5 * 2), Arrays.copyOf(u[1], 5 * 2)};
    double[][] again = stack.forward(stack.inverse(u).latents().z()).latents().u();
    assertClose(u[0], again[0], 1e-4, "u");
  }

  @Test
  void rootFindingIsCounted() {
    StackTransform stack = stack();
    StackTransform.Inverse inverse = stack.inverse(noise(stack.weights().config(), 2, 3));
    assertEquals(2L * 2 * CONTEXT * 2, inverse.roots());
    assertTrue(inverse.meanRootIterations() > 0 && inverse.meanRootIterations() < 20, "mean " + inverse.meanRootIterations());
  }

  @Test
  void nothingIsAllocatedPerToken() {
    TarFlowConfig config = RandomModel.config(VOCABULARY, 256, 2, 8, 2, 1, false, FlowSpec.tiedMixD(1, VOCABULARY, L2R),
        FlowSpec.mix1(1, 2, R2L));
    StackWeights weights = StackWeights.of(config, RandomModel.parameters(config, 9)::get);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    for (FlowWeights flow : weights.flows()) {
      FlowTransform transform = new FlowTransform(flow, 2, 3, 256, TokenFilter.NONE, new Workspace());
      double[][] u = noise(config, 3, 4);
      double[][] z = new double[3][u[0].length];
      transform.inverse(u, z, 3);
      long before = threads.getCurrentThreadAllocatedBytes();
      transform.inverse(u, z, 3);
      long bytes = threads.getCurrentThreadAllocatedBytes() - before;
      assertTrue(bytes < 256, bytes + " bytes for 256 positions of 3 sequences");
    }
  }

  @Test
  void badInputIsNamed() {
    StackTransform stack = stack();
    double[][] u = noise(stack.weights().config(), 2, 3);
    u[1][7] = Double.NaN;
    assertMessage("u[1][7] is NaN; expected a finite number", () -> stack.inverse(u));
    assertMessage("u: expected sequences of 2 to 24 numbers, a multiple of 2; found 26 numbers", () -> stack.inverse(new double[1][26]));
    assertMessage("u: expected sequences of 2 to 24 numbers, a multiple of 2; found no sequence", () -> stack.inverse(new double[0][]));
    assertMessage("z[1] has 6 numbers; expected 4 as in z[0]", () -> stack.forward(new double[][] {new double[4], new double[6]}));
    TarFlowConfig config = stack.weights().config();
    assertMessage("parameter codebook.logSigma is missing; expected 7 numbers", () -> StackWeights.of(config, name -> null));
    assertMessage("model is AUTOREGRESSIVE; expected TARFLOW for an inverse pass",
        () -> StackWeights.of(config.autoregressiveTwin(), name -> null));
  }

  private static void assertMessage(String expected, Executable action) {
    assertEquals(expected, assertThrows(IllegalArgumentException.class, action).getMessage());
  }

  private static StackTransform stack() {
    TarFlowConfig config = RandomModel.config(VOCABULARY, CONTEXT, 2, 8, 2, 1, false,
        FlowSpec.tiedMixD(1, VOCABULARY, L2R), FlowSpec.mix1(1, 2, R2L));
    return new StackTransform(StackWeights.of(config, RandomModel.parameters(config, 9)::get));
  }

  /** Random tokens, encoded with the codebook's noise: the flows' input. */
  static double[][] encoded(StackWeights weights, int batch, long seed) {
    Random random = new Random(seed);
    int d = weights.config().latentDim();
    double[][] z = new double[batch][weights.config().contextLength() * d];
    for (double[] sequence : z) {
      for (int t = 0; t < weights.config().contextLength(); t++) {
        double[] noise = {random.nextGaussian(), random.nextGaussian()};
        Codebook.encode(random.nextInt(VOCABULARY), noise, 0, weights.codebook(), sequence, t * d);
      }
    }
    return z;
  }

  public static double[][] noise(TarFlowConfig config, int batch, long seed) {
    Random random = new Random(seed);
    double[][] u = new double[batch][config.positions() * config.channels()];
    for (double[] sequence : u) {
      for (int i = 0; i < sequence.length; i++) {
        sequence[i] = random.nextGaussian();
      }
    }
    return u;
  }

  private static double[][] rows(double[] flat, int channels) {
    double[][] result = new double[flat.length / channels][channels];
    for (int i = 0; i < flat.length; i++) {
      result[i / channels][i % channels] = flat[i];
    }
    return result;
  }

  private static double[] flat(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
  }

  static void assertClose(double[] expected, double[] found, double tolerance, String what) {
    assertEquals(expected.length, found.length, what);
    for (int i = 0; i < expected.length; i++) {
      double allowed = tolerance * Math.max(1.0, Math.abs(expected[i]));
      assertTrue(Math.abs(expected[i] - found[i]) <= allowed, what + " [" + i + "]: expected " + expected[i] + ", found " + found[i]);
    }
  }
}
