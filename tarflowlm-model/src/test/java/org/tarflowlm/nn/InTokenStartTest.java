package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.TarFlowConfig;

/** Checks how a trunk and its in-token flows start. */
class InTokenStartTest {
  private static final TarFlowConfig CONFIG = TestModels.trunk(1);
  private static final ComputationGraph NETWORK = TarFlowNetwork.create(CONFIG, OptimizerSpec.defaults(), 10, 1);

  @Test
  void anInTokenAffineFlowIsTheIdentity() {
    TarFlowLayer layer = TarFlowNetwork.layer(NETWORK);
    INDArray ids = TestModels.ids(3, 2, TestModels.TOKENS);
    INDArray noise = EncoderNoise.draw(1, 0, DataType.FLOAT, 2, TestModels.TOKENS, CONFIG.latentDim());
    INDArray before = layer.latents(2, ids, noise);
    INDArray after = layer.latents(3, ids, noise);
    assertEquals(0.0, before.sub(after).amaxNumber().doubleValue(), 1e-7);
    // the trunk starts near the identity; the few codes that a seed draws decide how large z is, 0.8 to 2
    double size = layer.latents(0, ids, noise).norm2Number().doubleValue();
    assertEquals(1.0, before.norm2Number().doubleValue() / size, 0.1, "of z's size " + size);
  }

  /** The first mixture finds the codes where affine flows leave them: two components at 1.5 on either side, of width 1/2. */
  @Test
  void aMixtureBehindAffineFlowsIsSpread() {
    Map<String, INDArray> parameters = TarFlowNetwork.parameters(NETWORK);
    INDArray bias = parameters.get("flow3.maf.out.bias");
    double raw = 5 * 0.5 * Math.log((1 - Math.log(2) / 5) / (1 + Math.log(2) / 5));
    for (int channel = 0; channel < 2; channel++) {
      double[] expected = {0, 0, -1.5, 1.5, raw, raw};
      double[] found = new double[6];
      for (int i = 0; i < 6; i++) {
        found[i] = bias.getDouble(6L * channel + i);
      }
      assertArrayEquals(expected, found, 1e-6);
    }
  }
}
