package org.tarflowlm.init;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.CodebookSpec;
import org.tarflowlm.config.CodebookSpec.Layout;
import org.tarflowlm.config.CodebookSpec.SigmaMode;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
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

  /** Keeps only the output matrix's rows that carry earlier channels: the other units add the start's random part. */
  private static void silenceOtherUnits(TarFlowConfig config, ComputationGraph network) {
    Map<String, INDArray> parameters = TarFlowNetwork.parameters(network);
    INDArray out = parameters.get("flow0.maf.out.weight");
    int units = config.mafHidden() / 2;
    for (int channel = 0; channel < config.channels(); channel++) {
      for (int unit = channel % config.latentDim(); unit < units; unit++) {
        out.getRow((long) channel * units + unit).assign(0);
      }
    }
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

  private static void checkElboOfEqualTokens(TarFlowConfig config) {
    ComputationGraph network = network(config);
    silenceOtherUnits(config, network);
    INDArray noise = EncoderNoise.draw(11, 0, DataType.DOUBLE, 4, TestModels.TOKENS, config.latentDim());
    try (INDArray result = TarFlowNetwork.layer(network).logLikelihood(TestModels.ids(5, 4, TestModels.TOKENS), noise)) {
      // single precision puts the mixture's log-scales 1.2e-7 off at the start; with exact ones the difference is 2e-14
      for (int i = 0; i < 4; i++) {
        assertEquals(-TestModels.TOKENS * Math.log(TestModels.VOCAB), result.getDouble(i), 4e-6, config.toJson());
      }
    }
  }

  @Test
  void onlyAFirstFlowWithAComponentForEachTokenStartsThere() {
    assertTrue(CodebookStart.fits(mix1(1, Direction.LEFT_TO_RIGHT)));
    assertFalse(CodebookStart.fits(TestModels.stack(1, FlowSpec.mix1(1, 3, Direction.LEFT_TO_RIGHT))));
    assertFalse(CodebookStart.fits(TestModels.everyCoupling(1)));
  }
}
