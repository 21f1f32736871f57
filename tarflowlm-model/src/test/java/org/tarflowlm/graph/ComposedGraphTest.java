package org.tarflowlm.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.ops.JavaOp;
import org.tarflowlm.stock.PassedOn;

/** Builds on the CPU the graph that a GPU backend would get. Every op, forward and backward, runs as one of libnd4j's own. */
class ComposedGraphTest {
  static Stream<Arguments> graphs() {
    return Stream.of(DataType.FLOAT, DataType.DOUBLE).flatMap(type -> Stream.of(
        Arguments.of("patches of 1", TestModels.everyCoupling(1), type),
        Arguments.of("patches of 2", TestModels.everyCoupling(2), type),
        Arguments.of("autoregressive", TestModels.everyCoupling(1).autoregressiveTwin(), type)));
  }

  @ParameterizedTest(name = "{0} {2}")
  @MethodSource("graphs")
  void holdsStockOpsOnly(String name, TarFlowConfig config, DataType type) {
    List<DifferentialFunction> ops = ops(config, type, KernelChoice.COMPOSED);
    assertTrue(ops.size() > 100, "only " + ops.size() + " ops: is the backward graph there?");
    assertEquals(Set.of(), javaOps(ops));
  }

  /** Shows that the test above looks in the right place. */
  @Test
  void theFusedGraphHoldsJavaOps() {
    Set<String> found = javaOps(ops(TestModels.everyCoupling(1), DataType.FLOAT, KernelChoice.FUSED));
    assertTrue(found.stream().anyMatch(op -> op.contains("RosenblattOp")), found.toString());
    assertTrue(found.stream().anyMatch(op -> op.contains("CausalAttentionOp")), found.toString());
  }

  private static List<DifferentialFunction> ops(TarFlowConfig config, DataType type, KernelChoice kernels) {
    Map<String, INDArray> parameters = new LinkedHashMap<>();
    ParameterShapes.of(config).forEach((name, shape) -> parameters.put(name, Nd4j.create(type, shape)));
    SameDiff sd = SameDiff.create();
    WindowGraph.build(sd, config, Window.of(TestModels.TOKENS), type, kernels, parameters, Set.of());
    sd.createGradFunction();
    List<DifferentialFunction> result = new ArrayList<>(List.of(sd.ops()));
    result.addAll(List.of(sd.getFunction("grad").ops()));
    return result;
  }

  private static Set<String> javaOps(List<DifferentialFunction> ops) {
    Set<String> result = new TreeSet<>();
    for (DifferentialFunction op : ops) {
      if (op instanceof JavaOp || op.getClass().getName().startsWith("org.tarflowlm.") && !(op instanceof PassedOn)) {
        result.add(op.getClass().getSimpleName() + " (" + op.opName() + ")");
      }
    }
    return result;
  }
}
