package org.tarflowlm.flow;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.CodebookSpec;
import org.tarflowlm.config.CodebookSpec.SigmaMode;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.nn.EncoderNoise;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;

/** Flows write a text from coarse to fine: first the groups of its tokens, then the tokens of each group. */
class PartialFlowsTest {
  private static final int VOCABULARY = 5;
  private static final int TOKENS = 4;
  private static final List<Integer> GROUPS = List.of(0, 1, 1, 0, 1);

  private static TarFlowConfig config(Direction fine, double sigma) {
    return new TarFlowConfig(ModelType.TARFLOW, VOCABULARY, TOKENS, 4, 12, 3, 1, null, List.of(
        FlowSpec.tiedMixD(1, VOCABULARY, fine).onChannels(2, 4, 2),
        FlowSpec.tiedMixD(1, VOCABULARY, Direction.LEFT_TO_RIGHT).onChannels(0, 2, 0)),
        new CodebookSpec(sigma, SigmaMode.FIXED, sigma, null, null, null, List.of(new CodebookSpec.Groups(2, GROUPS))), null, null, null);
  }

  private static ComputationGraph network(TarFlowConfig config) {
    ComputationGraph network = TarFlowNetwork.create(config, OptimizerSpec.defaults(), 1, 6, KernelChoice.AUTO, List.of(), DataType.DOUBLE);
    Map<String, INDArray> parameters = TarFlowNetwork.parameters(network);
    parameters.get("flow0.head.weight").muli(50);
    parameters.get("flow1.head.weight").muli(50);
    return network;
  }

  @Test
  void tokensOfAGroupShareTheMeansOfItsChannels() {
    INDArray means = TarFlowNetwork.parameters(network(config(Direction.RIGHT_TO_LEFT, 0.1))).get("codebook.mean");
    for (int a = 0; a < VOCABULARY; a++) {
      for (int b = 0; b < VOCABULARY; b++) {
        boolean same = GROUPS.get(a).equals(GROUPS.get(b));
        assertEquals(same, means.getDouble(a, 0) == means.getDouble(b, 0) && means.getDouble(a, 1) == means.getDouble(b, 1));
        assertEquals(a == b, means.getDouble(a, 3) == means.getDouble(b, 3));
      }
    }
  }

  /** With sharp codes the bound is the likelihood: a product over groups, and over tokens given all groups. It sums to 1 over all texts. */
  @ParameterizedTest
  @EnumSource(Direction.class)
  void theLikelihoodsOfAllTextsSumToOne(Direction fine) {
    TarFlowConfig config = config(fine, 1e-6);
    int texts = (int) Math.pow(VOCABULARY, TOKENS);
    INDArray ids = Nd4j.create(DataType.INT32, texts, TOKENS);
    for (int text = 0; text < texts; text++) {
      for (int t = 0, rest = text; t < TOKENS; t++, rest /= VOCABULARY) {
        ids.putScalar(text, t, rest % VOCABULARY);
      }
    }
    INDArray noise = EncoderNoise.draw(4, 0, DataType.DOUBLE, texts, TOKENS, config.latentDim());
    INDArray bound = TarFlowNetwork.layer(network(config)).logLikelihood(ids, noise);
    double sum = 0;
    for (int text = 0; text < texts; text++) {
      sum += Math.exp(bound.getDouble(text));
    }
    assertEquals(1, sum, 1e-4);
    assertTrue(bound.maxNumber().doubleValue() - bound.minNumber().doubleValue() > 1, "the model tells the texts apart");
  }

  /** One group has two of five tokens, and is more probable than the other three together. A filter must see groups. */
  @Test
  void aFilterChoosesAmongGroups() {
    TarFlowConfig config = config(Direction.RIGHT_TO_LEFT, 0.1);
    Map<String, INDArray> parameters = TarFlowNetwork.parameters(network(config));
    parameters.get("flow1.head.weight").assign(0);
    // the group of tokens 1, 2 and 4 has 0.3 + 0.3 + 0.3, that of 0 and 3 has 0.4 + 0.4
    parameters.get("flow1.head.bias").assign(Nd4j.createFromArray(Math.log(0.4), Math.log(0.3), Math.log(0.3), Math.log(0.4),
        Math.log(0.3)));
    StackWeights weights = StackWeights.of(config, name -> parameters.get(name).dup('c').data().asFloat());
    FlowTransform coarse = new FlowTransform(weights.flows().get(1), 4, 1, TOKENS, new TokenFilter(1.0, 1, 1.0, 0.0), new Workspace());
    Random random = new Random(3);
    double[][] u = {random.doubles(4 * TOKENS, -2, 2).toArray()};
    double[][] z = new double[1][4 * TOKENS];
    coarse.inverse(u, z, 1);
    for (int t = 0; t < TOKENS; t++) {
      for (int c = 0; c < 2; c++) {
        assertEquals(parameters.get("codebook.mean").getDouble(1, c), z[0][4 * t + c], 0.5);
      }
      assertArrayEquals(Arrays.copyOfRange(u[0], 4 * t + 2, 4 * t + 4), Arrays.copyOfRange(z[0], 4 * t + 2, 4 * t + 4));
    }
  }

  /** Both sides know what comes before a flow's channels in a window; they know its own channels only where it has been. */
  @Test
  void aFlowSeesGroupsAheadAndTokensBehind() {
    TarFlowConfig config = config(Direction.RIGHT_TO_LEFT, 0.5);
    Map<String, INDArray> parameters = TarFlowNetwork.parameters(network(config));
    StackWeights weights = StackWeights.of(config, name -> parameters.get(name).dup('c').data().asFloat());
    FlowTransform fine = new FlowTransform(weights.flows().get(0), 4, 1, TOKENS, TokenFilter.NONE, new Workspace());
    double[] z = new Random(3).doubles(4 * TOKENS, -1, 1).toArray();
    double[] u = new double[z.length];
    fine.forward(z, u);
    for (int changed = 0; changed < TOKENS; changed++) {
      for (int channel : new int[] {0, 2}) {
        double[] other = z.clone();
        other[4 * changed + channel] += 0.1;
        double[] moved = new double[z.length];
        fine.forward(other, moved);
        List<Integer> found = new ArrayList<>();
        List<Integer> expected = new ArrayList<>();
        for (int t = 0; t < TOKENS; t++) {
          if (u[4 * t + 2] != moved[4 * t + 2]) {
            found.add(t);
          }
          // reads from right to left: a token knows groups from two tokens before it on, and tokens after it
          if (channel == 0 ? t <= changed + 2 : t <= changed) {
            expected.add(t);
          }
        }
        assertEquals(expected, found, "channel " + channel + " of token " + changed);
      }
    }
  }

  @Test
  void whatCannotBeBuiltIsRefused() {
    FlowSpec fine = FlowSpec.tiedMixD(1, VOCABULARY, Direction.LEFT_TO_RIGHT).onChannels(2, 4, 2);
    refused("flows[0].endChannel: is 4; expected at most latentDim 3", 3, 1, fine);
    refused("flows[0].endChannel: is given with patchSize 2; expected patchSize 1", 4, 2, fine);
    refused("flows[1].tied: is true, but a flow before it maps channels that it reads", 4, 1, fine, fine);
    assertMessage("lookAhead: is 2 for a flow with no channels before its own; expected 0",
        () -> FlowSpec.tiedMixD(1, 5, Direction.LEFT_TO_RIGHT).onChannels(0, 2, 2));
    assertMessage("endChannel: is 2; expected more than firstChannel 2",
        () -> FlowSpec.tiedMixD(1, 5, Direction.LEFT_TO_RIGHT).onChannels(2, 2, 0));
    assertMessage("firstChannel: is given for an untied AFFINE flow of 1 layers; expected a tied MIX_D flow with at least 1 layer",
        () -> FlowSpec.affine(1, Direction.LEFT_TO_RIGHT).onChannels(1, 2, 0));
    assertMessage("codebook.groups: take 4 channels; expected fewer than latentDim 4", () -> new TarFlowConfig(
        ModelType.TARFLOW, VOCABULARY, TOKENS, 4, 12, 3, 1, null, List.of(FlowSpec.tiedMixD(1, VOCABULARY, Direction.LEFT_TO_RIGHT)),
        new CodebookSpec(null, null, null, null, null, null, List.of(new CodebookSpec.Groups(4, GROUPS))), null, null, null));
    TarFlowConfig config = config(Direction.RIGHT_TO_LEFT, 0.1);
    assertEquals(config, TarFlowConfig.fromJson(config.toJson()));
    assertNotEquals(config, config(Direction.LEFT_TO_RIGHT, 0.1));
  }

  private static void refused(String message, int latentDim, int patch, FlowSpec... flows) {
    assertMessage(message, () -> new TarFlowConfig(ModelType.TARFLOW, VOCABULARY, TOKENS, latentDim, 12, 3, patch, null, List.of(flows),
        null, null, null, null));
  }

  private static void assertMessage(String message, Executable action) {
    String found = assertThrows(ConfigException.class, action).getMessage();
    assertTrue(found.contains(message) || found.contains(message.replace(": ", " ")), found);
  }
}
