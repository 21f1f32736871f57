package org.tarflowlm.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Golden;

class FlopsTest {
  private static final int LATENT = 16;
  private static final int MIXTURES = 64;
  private static final int HIDDEN = 128;

  @Test
  void agreeWithTheGoldenFigures() {
    JsonNode cases = Golden.read("misc").get("flops");
    assertTrue(cases.size() > 0);
    for (JsonNode each : cases) {
      int layers = each.get("layers").asInt();
      int width = each.get("d").asInt();
      int tokens = each.get("seq").asInt();
      assertEquals(each.get("regular").asLong(), Flops.discrete(layers, width, tokens, each.get("vocab").asInt()));
      for (int patch : new int[] {1, 2, 4}) {
        String key = Integer.toString(patch);
        assertEquals(each.get("maf_embed_size").get(key).asInt(), ParameterShapes.mafEmbedding(HIDDEN, LATENT * patch, 1));
        assertEquals(each.get("maf_module").get(key).asLong(), Flops.maskedHead(width, LATENT * patch, 3 * MIXTURES, HIDDEN, 1));
        TarFlowConfig flow = new TarFlowConfig(ModelType.TARFLOW, 27, tokens, LATENT, width, 1, patch, null,
            List.of(FlowSpec.mix1(layers, MIXTURES, Direction.LEFT_TO_RIGHT)), null, null, HIDDEN, null);
        assertEquals(each.get("flow").get(key).asLong(), Flops.of(flow));
      }
    }
  }

  @Test
  void agreeWithAModelCountedByHand() {
    // T = 4, P = 2: 2 positions of 2 channels; width 3; mafHidden 16, so E = 9
    TarFlowConfig config = new TarFlowConfig(ModelType.TARFLOW, 5, 4, 1, 3, 1, 2, null,
        List.of(FlowSpec.tiedMixD(1, 5, Direction.LEFT_TO_RIGHT), FlowSpec.affine(2, Direction.RIGHT_TO_LEFT)), null, null, 16, null);
    long first = 2 * (4 * 3 + 24 * 9 + 2 * 3 * 2 + 2 * 3 * 2 * 5);
    long second = 2 * (4 * 3 + 2 * 24 * 9 + 2 * 2 * 3 * 2 + 6 * 9 + 16 * 2 * (3 + 9) + 16 * 4 * 2);
    assertEquals(first + second, Flops.of(config));
    // an in-token flow has the head alone; a further hidden layer of 16 units a position has 16 * 16 products
    long inToken = 2 * (6 * 9 + 16 * 2 * (3 + 9) + 16 * 4 * 2);
    List<FlowSpec> flows = List.of(config.flows().get(0), config.flows().get(1), FlowSpec.affine(0, Direction.RIGHT_TO_LEFT));
    assertEquals(first + second + inToken, Flops.of(config.withFlows(flows)));
    TarFlowConfig deeper = new TarFlowConfig(ModelType.TARFLOW, 5, 4, 1, 3, 1, 2, null, flows, null, null, 16, null, 2, null);
    assertEquals(first + second + inToken + 2 * 2 * 2 * 16 * 16, Flops.of(deeper));
    assertEquals(List.of(first, second), Flops.parts(config).stream().map(Flops.Part::total).toList());
    assertEquals(2 * 2 * 3 * 2 * 5, Flops.parts(config).get(0).head());
    assertEquals(4 * (4 * 3 + 3 * 24 * 9 + 2 * 3 * 3 * 4 + 2 * 3 * 5), Flops.of(config.autoregressiveTwin()));
  }
}
