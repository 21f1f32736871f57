package org.tarflowlm.init;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.nd4j.linalg.indexing.NDArrayIndex.all;
import static org.nd4j.linalg.indexing.NDArrayIndex.interval;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.CodebookSpec;
import org.tarflowlm.config.CodebookSpec.Layout;
import org.tarflowlm.config.CodebookSpec.SigmaMode;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.InitSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.nn.EncoderNoise;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;

class CodebookStartTest {
  private static TarFlowConfig mix1(int patch, Direction direction) {
    return TestModels.stack(patch, FlowSpec.mix1(1, TestModels.VOCAB, direction));
  }

  private static ComputationGraph network(TarFlowConfig config) {
    OptimizerSpec optimizer = OptimizerSpec.constant(1e-2).withWeightDecay(0.0).withClipNorm(0.0);
    return TarFlowNetwork.create(config, optimizer, 100, 3, KernelChoice.AUTO, List.of(), DataType.DOUBLE);
  }

  /** Makes all tokens equally likely, given the text before. */
  private static void silenceTokens(TarFlowConfig config, ComputationGraph network) {
    TarFlowNetwork.parameters(network).get("flow" + config.init().codebookFlow() + ".maf.context.weight").assign(0);
  }

  private static double[] logLikelihood(TarFlowConfig config, ComputationGraph network) {
    INDArray noise = EncoderNoise.draw(11, 0, DataType.DOUBLE, 4, TestModels.TOKENS, config.latentDim());
    try (INDArray result = TarFlowNetwork.layer(network).logLikelihood(TestModels.ids(5, 4, TestModels.TOKENS), noise)) {
      return result.toDoubleVector();
    }
  }

  /** A stack of near-identities whose last flow starts at the codebook; innerSpread 0 makes them exact. */
  private static TarFlowConfig behindIdentities(CodebookSpec codebook) {
    TarFlowConfig c = mix1(1, Direction.LEFT_TO_RIGHT);
    List<FlowSpec> flows = List.of(
        FlowSpec.mix1(1, 3, Direction.RIGHT_TO_LEFT), FlowSpec.affine(1, Direction.LEFT_TO_RIGHT), c.flows().get(0));
    return new TarFlowConfig(c.model(), c.vocabSize(), c.contextLength(), c.latentDim(), c.width(), c.heads(), 1, null, flows, codebook,
        null, c.mafHidden(), new InitSpec(null, null, 0.0, null, 2));
  }

  /** With equal weights, log p(x|z) - log q(z|x) + log p(z) is -log V for every z: the mixture cancels. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void theElboOfAnUntrainedFlowIsThatOfEqualTokens(int patch) {
    for (Direction direction : Direction.values()) {
      checkElboOfEqualTokens(mix1(patch, direction));
    }
  }

  @Test
  void soItIsWithLargeMeansInAnOrderOfTheirOwn() {
    TarFlowConfig c = mix1(1, Direction.LEFT_TO_RIGHT);
    CodebookSpec codebook = new CodebookSpec(1.0, SigmaMode.FIXED, null, 10.0, Layout.GRID, List.of(3, 1, 4, 0, 2), null);
    checkElboOfEqualTokens(new TarFlowConfig(c.model(), c.vocabSize(), c.contextLength(), c.latentDim(), c.width(), c.heads(), 1, null,
        c.flows(), codebook, null, c.mafHidden(), null));
  }

  @ParameterizedTest
  @EnumSource(Layout.class)
  void soItIsWhereALaterFlowStartsThere(Layout layout) {
    checkElboOfEqualTokens(behindIdentities(new CodebookSpec(0.3, SigmaMode.FIXED, null, 3.0, layout, null, null)));
  }

  private static void checkElboOfEqualTokens(TarFlowConfig config) {
    ComputationGraph network = network(config);
    silenceTokens(config, network);
    for (double each : logLikelihood(config, network)) {
      // single precision puts the mixture's log-scales 1.2e-7 off at the start; with exact ones the difference is 2e-14
      assertEquals(-TestModels.TOKENS * Math.log(TestModels.VOCAB), each, 4e-6, config.toJson());
    }
  }

  /** Its units for tokens are the head of a tied Mix-d flow. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void anUntrainedFlowIsAMixDFlow(int patch) {
    TarFlowConfig config = mix1(patch, Direction.LEFT_TO_RIGHT);
    ComputationGraph network = network(config);
    TarFlowConfig mixD = config.withFlows(List.of(FlowSpec.tiedMixD(1, TestModels.VOCAB, Direction.LEFT_TO_RIGHT)));
    ComputationGraph expected = network(mixD);
    Map<String, INDArray> parameters = TarFlowNetwork.parameters(network);
    INDArray context = parameters.get("flow0.maf.context.weight").muli(10); // else the tokens are nearly equal
    int units = config.mafHidden() / 2;
    TarFlowNetwork.parameters(expected).forEach((name, array) -> {
      if (name.equals("flow0.head.weight")) {
        for (int i = 0; i < patch; i++) {
          array.get(all(), interval(i * TestModels.VOCAB, (i + 1) * TestModels.VOCAB)).assign(context.get(all(),
              interval(i * config.latentDim() * units, i * config.latentDim() * units + TestModels.VOCAB)));
        }
      } else if (parameters.containsKey(name)) {
        array.assign(parameters.get(name));
      }
    });
    assertArrayEquals(logLikelihood(mixD, expected), logLikelihood(config, network), 4e-6);
  }

  @Test
  void onlyAFirstFlowWithAComponentForEachTokenStartsThere() {
    assertTrue(CodebookStart.fits(mix1(1, Direction.LEFT_TO_RIGHT)));
    assertFalse(CodebookStart.fits(TestModels.stack(1, FlowSpec.mix1(1, 3, Direction.LEFT_TO_RIGHT))));
    assertFalse(CodebookStart.fits(TestModels.everyCoupling(1)));
  }
}
