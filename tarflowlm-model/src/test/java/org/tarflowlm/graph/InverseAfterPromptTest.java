package org.tarflowlm.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.tarflowlm.graph.InverseGraphTest.array;
import static org.tarflowlm.graph.InverseGraphTest.arrays;
import static org.tarflowlm.graph.InverseGraphTest.graph;
import static org.tarflowlm.graph.InverseGraphTest.model;
import static org.tarflowlm.graph.InverseGraphTest.noise;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.flow.FlowPass;
import org.tarflowlm.flow.FlowWeights;
import org.tarflowlm.flow.RandomModel;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.ops.FlowOp;

/** An {@link InverseGraph} with a prompt leaves out what its outputs do not need. */
class InverseAfterPromptTest {
  private static final Direction L2R = Direction.LEFT_TO_RIGHT;
  private static final Direction R2L = Direction.RIGHT_TO_LEFT;
  private static final Sampling SAMPLING = new Sampling(1, 0.9, 0, 1);

  /** Those of {@link InverseGraphTest}, and every order of directions of up to four flows. */
  static List<Arguments> models() {
    List<Arguments> result = InverseGraphTest.models();
    for (int flows = 1; flows <= 4; flows++) {
      for (int directions = 0; directions < 1 << flows; directions++) {
        int chosen = directions;
        result.add(model(1, IntStream.range(0, flows).mapToObj(l -> FlowSpec.affine(1, (chosen >> l & 1) == 0 ? L2R : R2L))
            .toArray(FlowSpec[]::new)));
      }
    }
    return result;
  }

  /** Every level after a prompt has the bits of two whole rounds, whichever levels are requested and however little the graph computes. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void levelsAfterAPromptAreThoseOfTwoWholeRounds(String name, TarFlowConfig config) {
    Map<String, float[]> values = RandomModel.parameters(config, 5);
    StackWeights weights = StackWeights.of(config, values::get);
    SameDiff sd = graph(config, arrays(config, values), SAMPLING, true);
    double[][] u = noise(2, config.positions() * config.channels());
    for (int known : new int[] {1, config.positions() / 2, config.positions()}) {
      double[][] prompt = Arrays.stream(noise(2, known * config.channels())).map(h -> Arrays.stream(h).map(v -> -v).toArray())
          .toArray(double[][]::new);
      double[][][] expected = twoRounds(weights, u, prompt);
      Map<String, INDArray> inputs = Map.of("u", array(u, config), "prompt", array(prompt, config));
      String[] levels = IntStream.range(0, expected.length).mapToObj(l -> "latent" + l).toArray(String[]::new);
      Map<String, INDArray> together = sd.output(inputs, levels);
      for (int l = 0; l < expected.length; l++) {
        INDArray alone = sd.output(inputs, levels[l]).get(levels[l]);
        for (int b = 0; b < 2; b++) {
          assertArrayEquals(expected[l][b], together.get(levels[l]).slice(b).dup('c').data().asDouble(), levels[l]);
          assertArrayEquals(expected[l][b], alone.slice(b).dup('c').data().asDouble(), levels[l]);
        }
      }
    }
  }

  /** The inputs of all flows after a prompt: read alone first, then before the draft. */
  private static double[][][] twoRounds(StackWeights weights, double[][] u, double[][] prompt) {
    int channels = weights.config().channels();
    double[][][] h = new double[weights.config().flows().size()][][];
    double[][] read = prompt;
    for (int round = 0; round < 2; round++) {
      Deque<double[][]> known = new ArrayDeque<>();
      for (FlowWeights flow : weights.flows()) {
        Sampling sampling = SAMPLING.of(weights.config(), flow.index());
        known.push(Arrays.stream(read).map(z -> Arrays.copyOf(z, prompt[0].length)).toArray(double[][]::new));
        double[][][] levels = FlowPass.forward(flow, sampling, channels, read, prompt[0].length / channels);
        read = levels[levels.length - 1];
      }
      double[][] above = u;
      for (int g = weights.flows().size() - 1; g >= 0; g--) {
        FlowWeights flow = weights.flows().get(g);
        Sampling sampling = SAMPLING.of(weights.config(), flow.index());
        above = FlowPass.inverse(flow, sampling, channels, above, known.pop());
        double[][][] levels = FlowPass.forward(flow, sampling, channels, above, prompt[0].length / channels);
        h[flow.index()] = above;
        System.arraycopy(levels, 0, h, flow.index() + 1, levels.length - 1);
      }
      read = above;
    }
    return h;
  }

  /** Two rounds are built only for flows below that read the continuation; z needs no levels of the prompt that nothing reads. */
  @Test
  void aSecondRoundIsBuiltOnlyWhereItIsNeeded() {
    FlowSpec right = FlowSpec.affine(1, L2R);
    FlowSpec left = FlowSpec.affine(1, R2L);
    assertEquals(1, flowOps(right));
    assertEquals(3, flowOps(right, right));
    assertEquals(2 + 2, flowOps(right, left)); // the second half is for latent1
    assertEquals(10, flowOps(right, left, right));
  }

  private static long flowOps(FlowSpec... flows) {
    TarFlowConfig config = (TarFlowConfig) model(1, flows).get()[1];
    SameDiff sd = graph(config, arrays(config, RandomModel.parameters(config, 5)), Sampling.DEFAULT, true);
    return sd.getOps().values().stream().filter(op -> op.getOp() instanceof FlowOp).count();
  }
}
