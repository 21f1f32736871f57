package org.tarflowlm.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class PaperConfigsTest {
  private static TarFlowConfig paper(TextFormat format, Variant variant) {
    return PaperConfigs.of(format, variant, ModelSize.PAPER);
  }

  private static List<Integer> layers(TarFlowConfig config) {
    return config.flows().stream().map(FlowSpec::layers).toList();
  }

  private static List<Integer> mixtures(TarFlowConfig config) {
    return config.flows().stream().map(FlowSpec::mixtures).toList();
  }

  @Test
  void bodyIsGpt2Small() {
    for (TextFormat format : TextFormat.values()) {
      for (Variant variant : Variant.values()) {
        TarFlowConfig config = paper(format, variant);
        assertEquals(List.of(768, 12, 12), List.of(config.width(), config.heads(), config.totalLayers()));
        assertEquals(CodebookSpec.SigmaMode.PER_TOKEN, config.codebook().sigmaMode());
      }
    }
  }

  @Test
  void text8() {
    for (Variant variant : Variant.values()) {
      TarFlowConfig config = paper(TextFormat.TEXT8, variant);
      assertEquals(List.of(27, 5, 256), List.of(config.vocabSize(), config.latentDim(), config.contextLength()));
    }
    assertEquals(List.of(2, 2, 2, 2, 2, 2), layers(paper(TextFormat.TEXT8, Variant.AFFINE)));
    assertEquals(List.of(2, 2, 8), layers(paper(TextFormat.TEXT8, Variant.MIX_1)));
    assertEquals(List.of(27, 27, 27), mixtures(paper(TextFormat.TEXT8, Variant.MIX_1)));
    TarFlowConfig mixD = paper(TextFormat.TEXT8, Variant.MIX_D);
    assertEquals(List.of(27, 2, 2), mixtures(mixD));
    assertEquals(List.of(Coupling.MIX_D, Coupling.MIX_1, Coupling.MIX_1), mixD.flows().stream().map(FlowSpec::coupling).toList());
    assertEquals(List.of(true, false, false), mixD.flows().stream().map(FlowSpec::tied).toList());
  }

  @Test
  void openWebText() {
    for (Variant variant : Variant.values()) {
      TarFlowConfig config = paper(TextFormat.OPENWEBTEXT, variant);
      assertEquals(List.of(50257, 16, 1024), List.of(config.vocabSize(), config.latentDim(), config.contextLength()));
    }
    assertEquals(List.of(2, 2, 2, 2, 2, 2), layers(paper(TextFormat.OPENWEBTEXT, Variant.AFFINE)));
    assertEquals(List.of(2, 2, 8), layers(paper(TextFormat.OPENWEBTEXT, Variant.MIX_1)));
    assertEquals(List.of(64, 64, 64), mixtures(paper(TextFormat.OPENWEBTEXT, Variant.MIX_1)));
    assertEquals(List.of(50257, 64, 64), mixtures(paper(TextFormat.OPENWEBTEXT, Variant.MIX_D)));
  }

  @Test
  void everyPresetAlternatesDirectionsAndSurvivesJson() {
    for (TextFormat format : TextFormat.values()) {
      for (Variant variant : Variant.values()) {
        for (ModelSize size : ModelSize.values()) {
          TarFlowConfig config = PaperConfigs.of(format, variant, size);
          assertEquals(config, TarFlowConfig.fromJson(config.toJson()));
          assertEquals(size.layers(), config.totalLayers());
          for (int l = 0; l < config.flows().size(); l++) {
            assertEquals(l % 2 == 0 ? Direction.LEFT_TO_RIGHT : Direction.RIGHT_TO_LEFT, config.flows().get(l).direction());
          }
        }
      }
    }
  }

  @Test
  void smallPresetsAreSmall() {
    long tiny = ParameterShapes.parameterCount(PaperConfigs.of(TextFormat.TEXT8, Variant.MIX_D, ModelSize.TINY));
    long small = ParameterShapes.parameterCount(PaperConfigs.of(TextFormat.TEXT8, Variant.MIX_D, ModelSize.SMALL));
    long medium = ParameterShapes.parameterCount(PaperConfigs.of(TextFormat.TEXT8, Variant.MIX_D, ModelSize.MEDIUM));
    long gpt2 = ParameterShapes.parameterCount(PaperConfigs.of(TextFormat.OPENWEBTEXT, Variant.AUTOREGRESSIVE, ModelSize.PAPER));

    assertTrue(tiny < 150_000, "tiny: " + tiny);
    assertTrue(small > 800_000 && small < 1_200_000, "small: " + small);
    assertTrue(medium > 4_000_000 && medium < 6_000_000, "medium: " + medium);
    assertEquals(85_054_464 + 2 * 50257L * 768 + 50257 + 768 + 1024 * 768 + 2 * 768, gpt2,
        "12 blocks, embedding, head, start, positions, norm");
  }
}
