package org.tarflowlm.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;

class FlowAccountTest {
  private static final long SEED = 5;
  private static final double SINGLE_PRECISION = 1e-5;

  private static ComputationGraph network(TarFlowConfig config) {
    ComputationGraph network = TarFlowNetwork.create(config, OptimizerSpec.defaults(), 10, 3);
    Random random = new Random(1);
    TarFlowNetwork.parameters(network).values().forEach(view -> {
      for (long i = 0; i < view.length(); i++) {
        view.putScalar(i, view.getDouble(i) + 0.1 * random.nextGaussian());
      }
    });
    return network;
  }

  private static StackWeights weights(TarFlowConfig config, ComputationGraph network) {
    Map<String, INDArray> parameters = TarFlowNetwork.parameters(network);
    return StackWeights.of(config, name -> parameters.get(name).dup('c').data().asFloat());
  }

  private static int[][] text(int windows) {
    int[] ids = TestModels.pattern(2, windows, TestModels.TOKENS).data().asInt();
    return IntStream.range(0, windows)
        .mapToObj(i -> java.util.Arrays.copyOfRange(ids, i * TestModels.TOKENS, (i + 1) * TestModels.TOKENS)).toArray(int[][]::new);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void theWholeStackHasTheBitsOfTheLikelihoodAndEachCutThoseOfAShorterStack(int patch) {
    TarFlowConfig config = TestModels.everyCoupling(patch);
    ComputationGraph network = network(config);
    int[][] text = text(20);
    int[] flat = java.util.Arrays.stream(text).flatMapToInt(java.util.Arrays::stream).toArray();
    FlowAccount account = FlowAccount.of(weights(config, network), text, SEED);
    assertEquals(config.flows().size() + 1, account.levels().size());
    assertEquals(20L * TestModels.TOKENS, account.tokens());
    assertEquals(new Likelihood(TarFlowNetwork.layer(network), SEED).of(flat).bitsPerToken(),
        account.levels().get(config.flows().size()).bits(), SINGLE_PRECISION);
    assertEquals(account, FlowAccount.of(TarFlowNetwork.layer(network), text, SEED));
    for (int l = 1; l < config.flows().size(); l++) {
      TarFlowConfig cut = config.withFlows(config.flows().subList(0, l));
      FlowAccount shorter = FlowAccount.of(weights(cut, network), text, SEED);
      assertEquals(shorter.levels(), account.levels().subList(0, l + 1));
    }
  }

  @Test
  void changesAndMeasuresAreThoseOfTheLevels() {
    TarFlowConfig config = TestModels.stack(1, FlowSpec.affine(1, Direction.LEFT_TO_RIGHT));
    ComputationGraph network = network(config);
    // an affine flow of constant shift 3 and scale 1: u = z - 3
    TarFlowNetwork.parameters(network).forEach((name, view) -> {
      if (name.startsWith("flow0.maf.out")) {
        view.assign(0);
      }
    });
    INDArray bias = TarFlowNetwork.parameters(network).get("flow0.maf.out.bias");
    for (long i = 0; i < bias.length(); i += 2) {
      bias.putScalar(i, 3);
    }
    FlowAccount account = FlowAccount.of(weights(config, network), text(4), SEED);
    FlowAccount.Level z = account.levels().get(0);
    FlowAccount.Level u = account.levels().get(1);
    assertNull(z.squaredChange());
    assertNull(z.changedTokens());
    assertNull(z.centroidMovement());
    assertEquals(9, u.squaredChange(), SINGLE_PRECISION);
    assertEquals(Math.sqrt(18), u.centroidMovement().mean(), SINGLE_PRECISION);
    assertEquals(0, u.centroidMovement().standardDeviation(), SINGLE_PRECISION);
    assertEquals(z.participationRatio().mean(), u.participationRatio().mean(), SINGLE_PRECISION);
    assertTrue(u.changedTokens() > 0 && u.changedTokens() <= 1);
  }

  @Test
  void windowsMustBeThere() {
    TarFlowConfig config = TestModels.everyCoupling(1);
    StackWeights weights = weights(config, network(config));
    assertThrows(IllegalArgumentException.class, () -> FlowAccount.of(weights, new int[0][], SEED));
    assertThrows(IllegalArgumentException.class, () -> FlowAccount.of(weights, new int[1][TestModels.TOKENS + 1], SEED));
  }
}
