package org.tarflowlm.nn.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.TestModels;
import org.tarflowlm.backend.ForeignBackend;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.graph.Window;
import org.tarflowlm.graph.WindowGraph;
import org.tarflowlm.kernel.Parallel;
import org.tarflowlm.nn.EncoderNoise;

class OpPartsTest {
  private static final OpParts WHOLE = new OpParts(1, 1, 1);
  private static final OpParts THREE = new OpParts(3, 1, 1);

  private interface Two extends BiFunction<SDVariable, SDVariable, SDVariable> {}

  private static long[] shape(long... sizes) {
    return sizes;
  }

  /** An op, its inputs' shapes, and the number of parts into which it is cut. */
  static Stream<Arguments> ops() {
    Two add = SDVariable::add;
    Two product = SDVariable::mmul;
    Two transposedA = (a, b) -> a.getSameDiff().mmul(a, b, true, false, false);
    Two transposedB = (a, b) -> a.getSameDiff().mmul(a, b, false, true, false);
    Two softmax = (a, b) -> a.getSameDiff().nn().softmax(a, -1);
    Two exp = (a, b) -> a.getSameDiff().math().exp(a);
    Two erf = (a, b) -> a.getSameDiff().math().erf(a);
    return Stream.of(Arguments.of("add", add, shape(83, 37), shape(83, 37), 3), Arguments.of("add", add, shape(83, 37), shape(37), 3),
        Arguments.of("add", add, shape(83, 1), shape(83, 37), 3), Arguments.of("add", add, shape(5, 83, 7), shape(1, 83, 7), 3),
        Arguments.of("add", add, shape(2, 83, 7), shape(83, 7), 2), Arguments.of("add", add, shape(1, 37), shape(1, 37), 1),
        Arguments.of("add", add, shape(371), shape(371), 1),
        Arguments.of("multiply", (Two) SDVariable::mul, shape(83, 37), shape(1, 37), 3),
        Arguments.of("subtract", (Two) SDVariable::sub, shape(83, 37), shape(83, 37), 3),
        Arguments.of("divide", (Two) SDVariable::div, shape(83, 37), shape(83, 37), 3),
        Arguments.of("mul_scalar", (Two) (a, b) -> a.mul(0.3), shape(83, 37), shape(1), 3),
        Arguments.of("add_scalar", (Two) (a, b) -> a.add(0.3), shape(83, 37), shape(1), 3),
        Arguments.of("exp", exp, shape(83, 37), shape(1), 3), Arguments.of("exp", exp, shape(5, 7, 3), shape(1), 3),
        Arguments.of("erf", erf, shape(83, 37), shape(1), 3), Arguments.of("erf", erf, shape(5, 7, 3), shape(1), 3),
        Arguments.of("softmax", softmax, shape(83, 37), shape(1), 3), Arguments.of("softmax", softmax, shape(4, 3, 9, 9), shape(1), 3),
        Arguments.of("softmax", (Two) (a, b) -> a.getSameDiff().nn().softmax(a, 0), shape(83, 37), shape(1), 1),
        Arguments.of("permute", (Two) (a, b) -> a.permute(0, 2, 1, 3), shape(5, 3, 9, 4), shape(1), 3),
        Arguments.of("permute", (Two) (a, b) -> a.permute(1, 0, 2), shape(5, 3, 9), shape(1), 1),
        Arguments.of("matmul", product, shape(301, 700), shape(700, 27), 3),
        Arguments.of("matmul", product, shape(27, 70), shape(70, 301), 2),
        Arguments.of("matmul", transposedA, shape(700, 301), shape(700, 45), 3),
        Arguments.of("matmul", transposedA, shape(700, 45), shape(700, 301), 3),
        Arguments.of("matmul", transposedB, shape(301, 700), shape(45, 700), 3),
        Arguments.of("matmul", transposedB, shape(45, 700), shape(301, 700), 3),
        Arguments.of("matmul", product, shape(5, 2, 33, 21), shape(5, 2, 21, 17), 3),
        Arguments.of("matmul", transposedA, shape(5, 2, 21, 33), shape(5, 2, 21, 17), 3),
        Arguments.of("matmul", transposedB, shape(5, 2, 33, 21), shape(5, 2, 17, 21), 3),
        Arguments.of("abs", (Two) (a, b) -> a.getSameDiff().math().abs(a), shape(83, 37), shape(1), 1));
  }

  @ParameterizedTest(name = "{0} {2} {3}")
  @MethodSource("ops")
  void partsGiveTheBitsOfTheWhole(String name, Two built, long[] first, long[] second, int count) {
    for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
      SameDiff graph = SameDiff.create();
      built.apply(graph.placeHolder("a", type, first), graph.placeHolder("b", type, second)).rename("y");
      DifferentialFunction op = graph.ops()[0];
      assertEquals(name, op.opName());
      INDArray a = gaussian(1, first).castTo(type);
      INDArray b = gaussian(2, second).castTo(type);
      try (Runs whole = new Runs(graph, List.of("y"), WHOLE); Runs parts = new Runs(graph, List.of("y"), THREE)) {
        Map<String, INDArray> values = Map.of("a", a, "b", b);
        INDArray expected = whole.repeated(values).get("y");
        assertEquals(expected, parts.repeated(values).get("y"), type + " beside the whole");
        long[] arguments = op instanceof DynamicCustomOp custom ? custom.iArgs() : new long[0];
        List<INDArray> inputs = op.args().length == 1 ? List.of(a) : List.of(a, b);
        assertEquals(count, THREE.of(op, arguments, inputs, List.of(expected)).size(), type + " in parts");
      }
    }
  }

  /** Repeats often enough that two threads in each other's way would show. */
  @Test
  void aStepInPartsGivesTheBitsOfTheWholeStepAHundredTimes() {
    TarFlowConfig config = TestModels.everyCoupling(1);
    for (TarFlowConfig each : List.of(config, config.autoregressiveTwin())) {
      Map<String, INDArray> parameters = new LinkedHashMap<>();
      ParameterShapes.of(each).forEach((name, shape) -> parameters.put(name, gaussian(name.hashCode(), shape).muli(0.3)));
      SameDiff graph = SameDiff.create();
      WindowGraph.build(graph, each, Window.of(TestModels.TOKENS), DataType.FLOAT, KernelChoice.COMPOSED, parameters, Set.of());
      QuietOutput.run(graph::createGradFunction);
      List<String> outputs = new ArrayList<>(List.of(WindowGraph.LOSS));
      parameters.keySet().forEach(name -> outputs.add(graph.getVariable(name).gradient().name()));
      int batch = 7;
      Map<String, INDArray> values = new HashMap<>(Map.of(WindowGraph.IDS, TestModels.ids(5, batch, TestModels.TOKENS)));
      if (each == config) {
        values.put(WindowGraph.NOISE, EncoderNoise.draw(1, 1, DataType.FLOAT, batch, TestModels.TOKENS, each.latentDim()));
      }
      SameDiff backward = graph.getFunction("grad");
      try (Runs whole = new Runs(backward, outputs, WHOLE); Runs parts = new Runs(backward, outputs, THREE)) {
        Map<String, INDArray> expected = whole.repeated(values);
        for (int round = 0; round < 100; round++) {
          assertEquals(expected, parts.repeated(values), "round " + round);
        }
      }
    }
  }

  @Test
  void opsStayWholeOnAnotherBackendAndWhereLittleIsToBeDone() {
    assertEquals(Parallel.threads(), OpParts.ofMachine().threads());
    try (ForeignBackend ignored = new ForeignBackend()) {
      assertEquals(1, OpParts.ofMachine().threads());
    }
    SameDiff graph = SameDiff.create();
    graph.math().exp(graph.placeHolder("x", DataType.FLOAT, 64, 64));
    List<INDArray> array = List.of(Nd4j.create(DataType.FLOAT, 64, 64));
    OpParts machine = OpParts.ofMachine();
    OpParts parts = new OpParts(8, machine.leastElements(), machine.leastProducts());
    assertEquals(1, parts.of(graph.ops()[0], new long[0], array, array).size());
    List<INDArray> large = List.of(Nd4j.create(DataType.FLOAT, 1024, 64));
    assertEquals(2, parts.of(graph.ops()[0], new long[0], large, large).size());
  }

  private static INDArray gaussian(long seed, long... shape) {
    Random random = new Random(seed);
    INDArray result = Nd4j.create(DataType.FLOAT, shape);
    for (long i = 0; i < result.length(); i++) {
      result.putScalar(i, random.nextGaussian());
    }
    return result;
  }

  /** Runs a graph: the session records the first run of a shape and repeats it. */
  private static final class Runs implements AutoCloseable {
    private final GraphSession session;
    private final List<String> outputs;
    private boolean recorded;

    Runs(SameDiff graph, List<String> outputs, OpParts parts) {
      this.session = new GraphSession(graph, parts);
      this.outputs = outputs;
    }

    Map<String, INDArray> repeated(Map<String, INDArray> values) {
      if (!recorded) {
        run(values);
        recorded = true;
      }
      return run(values);
    }

    private Map<String, INDArray> run(Map<String, INDArray> values) {
      Map<String, INDArray> result = new HashMap<>();
      session.run(outputs, values, Operation.TRAINING, List.of(), Map.of()).forEach((name, array) -> result.put(name, array.dup()));
      session.endStep();
      return result;
    }

    @Override
    public void close() {
      session.close();
    }
  }
}
