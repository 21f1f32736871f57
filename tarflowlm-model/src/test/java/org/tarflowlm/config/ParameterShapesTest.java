package org.tarflowlm.config;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.tarflowlm.json.ConfigException;

class ParameterShapesTest {
  private static final int BLOCKS_OF_WIDTH_8 = 12 * 8 * 8 + 13 * 8;

  private static TarFlowConfig config(int latentDim, int patchSize, CodebookSpec.SigmaMode sigmaMode, FlowSpec... flows) {
    return new TarFlowConfig(ModelType.TARFLOW, 27, 12, latentDim, 8, 2, patchSize, null, List.of(flows),
        new CodebookSpec(0.1, sigmaMode, null, null), null, 128, null);
  }

  private static String describe(Map<String, long[]> shapes) {
    List<String> lines = new ArrayList<>();
    shapes.forEach((name, shape) -> lines.add(name + " " + Arrays.toString(shape)));
    return String.join("\n", lines) + "\n";
  }

  @Test
  void tiedMixD() {
    TarFlowConfig config = config(5, 1, CodebookSpec.SigmaMode.PER_TOKEN, FlowSpec.tiedMixD(1, 27, Direction.LEFT_TO_RIGHT));

    assertEquals("""
        codebook.mean [27, 5]
        codebook.logSigma [27]
        flow0.in.weight [5, 8]
        flow0.in.bias [8]
        flow0.start [8]
        flow0.position [12, 8]
        flow0.block0.norm1.gain [8]
        flow0.block0.norm1.bias [8]
        flow0.block0.qkv.weight [8, 24]
        flow0.block0.qkv.bias [24]
        flow0.block0.proj.weight [8, 8]
        flow0.block0.proj.bias [8]
        flow0.block0.norm2.gain [8]
        flow0.block0.norm2.bias [8]
        flow0.block0.up.weight [8, 32]
        flow0.block0.up.bias [32]
        flow0.block0.down.weight [32, 8]
        flow0.block0.down.bias [8]
        flow0.norm.gain [8]
        flow0.norm.bias [8]
        flow0.head.weight [8, 27]
        flow0.head.bias [27]
        """, describe(ParameterShapes.of(config)));
    assertEquals(27 * 5 + 27 + 5 * 8 + 8 + 8 + 12 * 8 + BLOCKS_OF_WIDTH_8 + 16 + 8 * 27 + 27, ParameterShapes.parameterCount(config));
  }

  @Test
  void untiedMixDWithPatches() {
    Map<String, long[]> shapes = ParameterShapes.of(config(5, 2, CodebookSpec.SigmaMode.SHARED,
        FlowSpec.affine(1, Direction.LEFT_TO_RIGHT), FlowSpec.mixD(2, 7, Direction.RIGHT_TO_LEFT)));

    assertArrayEquals(new long[] {1}, shapes.get("codebook.logSigma"));
    assertArrayEquals(new long[] {10, 8}, shapes.get("flow1.in.weight"));
    assertArrayEquals(new long[] {6, 8}, shapes.get("flow1.position"));
    assertArrayEquals(new long[] {32, 8}, shapes.get("flow1.block1.down.weight"));
    assertArrayEquals(new long[] {8, 14}, shapes.get("flow1.head.weight"));
    assertArrayEquals(new long[] {14}, shapes.get("flow1.head.bias"));
    assertArrayEquals(new long[] {7, 5}, shapes.get("flow1.component.mean"));
    assertArrayEquals(new long[] {7}, shapes.get("flow1.component.logScale"));
  }

  @Test
  void maskedHeads() {
    Map<String, long[]> shapes = ParameterShapes.of(config(5, 1, CodebookSpec.SigmaMode.FIXED,
        FlowSpec.affine(1, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 3, Direction.RIGHT_TO_LEFT)));

    assertFalse(shapes.containsKey("codebook.logSigma"));
    assertArrayEquals(new long[] {8, 64 * 5}, shapes.get("flow0.maf.context.weight"));
    assertArrayEquals(new long[] {64 * 5}, shapes.get("flow0.maf.context.bias"));
    assertArrayEquals(new long[] {12, 18 * 4}, shapes.get("flow0.maf.features.weight"), "E = 128 * 9 / 16 / 4 = 18");
    assertArrayEquals(new long[] {18 * 4}, shapes.get("flow0.maf.features.bias"));
    assertArrayEquals(new long[] {18 * 4, 64 * 5}, shapes.get("flow0.maf.hidden.weight"));
    assertFalse(shapes.containsKey("flow0.maf.hidden.bias"));
    assertArrayEquals(new long[] {64 * 5, 10}, shapes.get("flow0.maf.out.weight"));
    assertArrayEquals(new long[] {64 * 5, 45}, shapes.get("flow1.maf.out.weight"));
    assertArrayEquals(new long[] {45}, shapes.get("flow1.maf.out.bias"));
  }

  @Test
  void oneChannelHasNothingToMask() {
    Map<String, long[]> shapes =
        ParameterShapes.of(config(1, 1, CodebookSpec.SigmaMode.FIXED, FlowSpec.mix1(1, 3, Direction.LEFT_TO_RIGHT)));

    assertFalse(shapes.containsKey("flow0.maf.features.weight") || shapes.containsKey("flow0.maf.hidden.weight"));
    assertArrayEquals(new long[] {64, 9}, shapes.get("flow0.maf.out.weight"));
  }

  @Test
  void embeddingSizeIsThePapersFormula() {
    int[][] channelsAndSize = {{1, 72}, {2, 72}, {3, 36}, {5, 18}, {16, 4}, {32, 2}, {200, 1}};
    for (int[] each : channelsAndSize) {
      assertEquals(each[1], ParameterShapes.mafEmbedding(
          config(each[0], 1, CodebookSpec.SigmaMode.FIXED, FlowSpec.affine(1, Direction.LEFT_TO_RIGHT))), each[0] + " channels");
    }
  }

  @Test
  void anInTokenFlowHasItsHeadAlone() {
    TarFlowConfig one = config(5, 1, CodebookSpec.SigmaMode.FIXED, FlowSpec.affine(1, Direction.LEFT_TO_RIGHT),
        FlowSpec.affine(0, Direction.LEFT_TO_RIGHT));
    TarFlowConfig config = new TarFlowConfig(one.model(), one.vocabSize(), one.contextLength(), 5, one.width(), one.heads(), 1, false,
        one.flows(), one.codebook(), null, 16, null, 3, null);
    Map<String, long[]> shapes = ParameterShapes.of(config);

    assertEquals(List.of("flow1.maf.context.weight", "flow1.maf.context.bias", "flow1.maf.features.weight", "flow1.maf.features.bias",
        "flow1.maf.hidden.weight", "flow1.maf.residual1.weight", "flow1.maf.residual1.bias", "flow1.maf.residual2.weight",
        "flow1.maf.residual2.bias", "flow1.maf.out.weight", "flow1.maf.out.bias"),
        shapes.keySet().stream().filter(name -> name.startsWith("flow1.")).toList());
    assertArrayEquals(new long[] {8 * 5, 8 * 5}, shapes.get("flow1.maf.residual2.weight"));
    assertArrayEquals(new long[] {12, 4 * 4}, shapes.get("flow1.maf.features.weight"), "16 * 9 / 16 / 4 = 2, but at least 4");
  }

  @Test
  void autoregressiveTwinHasTheSumOfLayers() {
    TarFlowConfig twin = config(5, 1, CodebookSpec.SigmaMode.PER_TOKEN, FlowSpec.affine(1, Direction.LEFT_TO_RIGHT),
        FlowSpec.affine(2, Direction.RIGHT_TO_LEFT)).autoregressiveTwin();
    Map<String, long[]> shapes = ParameterShapes.of(twin);

    assertEquals(List.of("embed.weight", "lm.start", "lm.position", "lm.block0.norm1.gain"),
        shapes.keySet().stream().limit(4).toList());
    assertArrayEquals(new long[] {27, 8}, shapes.get("embed.weight"));
    assertArrayEquals(new long[] {12, 8}, shapes.get("lm.position"));
    assertArrayEquals(new long[] {8, 27}, shapes.get("lm.head.weight"));
    assertTrue(shapes.containsKey("lm.block2.down.bias"));
    assertFalse(shapes.containsKey("lm.block3.down.bias"));
    assertEquals(27 * 8 + 8 + 12 * 8 + 3 * BLOCKS_OF_WIDTH_8 + 16 + 8 * 27 + 27, ParameterShapes.parameterCount(twin));
  }

  @Test
  void namesHaveNoUnderscoreAndWeightsAreTheMatricesOfLinearMaps() {
    Map<String, long[]> shapes = ParameterShapes.of(config(4, 2, CodebookSpec.SigmaMode.PER_TOKEN,
        FlowSpec.mixD(1, 5, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 3, Direction.RIGHT_TO_LEFT)));

    assertTrue(shapes.keySet().stream().noneMatch(name -> name.contains("_")));
    shapes.forEach((name, shape) -> assertEquals(shape.length == 2 && !name.equals("codebook.mean") && !name.endsWith(".position")
        && !name.endsWith(".component.mean"), ParameterShapes.isWeight(name), name));
    assertThrows(UnsupportedOperationException.class, () -> shapes.remove("codebook.mean"));
  }

  @Test
  void aParameterThatNoArrayHoldsIsAnError() {
    TarFlowConfig config = new TarFlowConfig(ModelType.AUTOREGRESSIVE, 1 << 20, 1 << 20, 1, 1 << 16, 1, null, null,
        List.of(FlowSpec.affine(1, Direction.LEFT_TO_RIGHT)), null, null, null, null);

    assertThrows(ConfigException.class, () -> ParameterShapes.parameterCount(config));
  }
}
