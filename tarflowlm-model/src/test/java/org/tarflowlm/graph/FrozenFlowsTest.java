package org.tarflowlm.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;

/** The graph holds frozen flows as constants, and its backward pass contains nothing of them. */
class FrozenFlowsTest {
  private static final TarFlowConfig CONFIG = TestModels.stack(1, FlowSpec.tiedMixD(1, TestModels.VOCAB, Direction.LEFT_TO_RIGHT),
      FlowSpec.affine(1, Direction.RIGHT_TO_LEFT));

  private static Map<String, Long> backwardOps(Set<String> frozen) {
    Map<String, INDArray> parameters = new LinkedHashMap<>();
    ParameterShapes.of(CONFIG).forEach((name, shape) -> parameters.put(name, Nd4j.zeros(DataType.FLOAT, shape)));
    SameDiff sd = SameDiff.create();
    WindowGraph.build(sd, CONFIG, Window.of(TestModels.TOKENS), DataType.FLOAT, KernelChoice.AUTO, parameters, frozen);
    sd.createGradFunction();
    return sd.getFunction("grad").getOps().values().stream().map(op -> op.getOp().opName()).filter(name -> name.endsWith("_bp"))
        .collect(Collectors.groupingBy(name -> name, Collectors.counting()));
  }

  @Test
  void haveNoBackwardPass() {
    Set<String> below = new TreeSet<>();
    ParameterShapes.of(CONFIG).keySet().stream().filter(name -> !name.startsWith("flow1.")).forEach(below::add);
    Map<String, Long> all = backwardOps(Set.of());
    Map<String, Long> last = backwardOps(below);
    assertTrue(all.containsKey("tarflow_rosenblatt_bp") && all.containsKey("tarflow_encode_bp"), all.toString());
    assertTrue(!last.containsKey("tarflow_rosenblatt_bp") && !last.containsKey("tarflow_encode_bp"), last.toString());
    assertEquals(2 * last.get("tarflow_causal_attention_bp"), all.get("tarflow_causal_attention_bp"));
  }
}
