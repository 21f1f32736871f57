package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.tarflowlm.config.InitSpec;
import org.tarflowlm.config.InitSpec.Positions;
import org.tarflowlm.config.ModelSize;
import org.tarflowlm.config.PaperConfigs;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.config.TextFormat;
import org.tarflowlm.config.Variant;
import org.tarflowlm.json.Records;

class PositionStartTest {
  private static INDArray positions(Variant variant, String name, Positions start) {
    TarFlowConfig config = Records.with(PaperConfigs.of(TextFormat.TEXT8, variant, ModelSize.TINY), "init",
        new InitSpec(null, 0.5, null, start, null));
    return TarFlowNetwork.parameters(TarFlowNetwork.create(config, OptimizerSpec.defaults(), 10, 1)).get(name);
  }

  @Test
  void sinusoidsHaveTheAskedSizeInEachPosition() {
    INDArray rows = positions(Variant.MIX_D, "flow1.position", Positions.SINUSOIDAL);
    for (int t = 0; t < rows.size(0); t++) {
      assertEquals(0.5, Math.sqrt(rows.getRow(t).mul(rows.getRow(t)).meanNumber().doubleValue()), 1e-6);
    }
    assertEquals(Math.sin(3) * 0.5 * Math.sqrt(2), rows.getDouble(3, 0), 1e-6);
    double slowest = Math.pow(10_000, 2.0 / rows.size(1) - 1);
    assertEquals(Math.cos(3 * slowest) * 0.5 * Math.sqrt(2), rows.getDouble(3, rows.size(1) - 1), 1e-6);
  }

  /** All pairs of positions at the same distance are equally alike, so "the one before" is easy to learn. */
  @Test
  void likenessDependsOnTheDistanceAlone() {
    INDArray rows = positions(Variant.AUTOREGRESSIVE, "lm.position", Positions.SINUSOIDAL);
    for (int t = 1; t + 1 < rows.size(0); t++) {
      assertEquals(Transforms.cosineSim(rows.getRow(0), rows.getRow(1)), Transforms.cosineSim(rows.getRow(t), rows.getRow(t + 1)), 1e-5);
    }
    INDArray drawn = positions(Variant.AUTOREGRESSIVE, "lm.position", Positions.NORMAL);
    assertNotEquals(Transforms.cosineSim(drawn.getRow(0), drawn.getRow(1)), Transforms.cosineSim(drawn.getRow(5), drawn.getRow(6)), 1e-3);
  }
}
