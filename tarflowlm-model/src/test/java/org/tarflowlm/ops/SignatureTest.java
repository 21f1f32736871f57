package org.tarflowlm.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.ops.LinearOps.FeedForwardOp;
import org.tarflowlm.ops.RosenblattOps.RosenblattOp;
import org.tarflowlm.ops.TransformerOps.EmbeddingOp;

/** The ops declare shapes, and the arrays that their gradients take. */
class SignatureTest {
  private static INDArray[] arrays(long[]... shapes) {
    return Stream.of(shapes).map(shape -> Nd4j.zeros(DataType.FLOAT, shape)).toArray(INDArray[]::new);
  }

  private static long[][] shapes(Class<?> op, long[]... inputs) {
    return Signature.of(op.getAnnotation(Op.class)).outputShapes(List.of(arrays(inputs)));
  }

  @Test
  void shapesOfTheOutputsFollow() {
    long[][] found = shapes(FeedForwardOp.class,
        new long[] {2, 5, 4}, new long[] {4, 6}, new long[] {6}, new long[] {6, 4}, new long[] {4}, new long[] {2, 5, 4});
    assertArrayEquals(new long[][] {{2, 5, 4}, {2, 5, 6}}, found);
    assertArrayEquals(new long[][] {{7, 3}, {7}},
        shapes(RosenblattOp.class, new long[] {7, 3}, new long[] {7, 2}, new long[] {2, 3}, new long[] {2}));
    assertArrayEquals(new long[][] {{4}}, shapes(EmbeddingOp.class, new long[] {9, 4}, new long[] {}));
  }

  @Test
  void whatDoesNotFitIsNamed() {
    assertMessage("tarflow_feed_forward: shape of residual is [5, 3]; expected [5, 4]", FeedForwardOp.class,
        new long[] {5, 4}, new long[] {4, 6}, new long[] {6}, new long[] {6, 4}, new long[] {4}, new long[] {5, 3});
    assertMessage("tarflow_feed_forward: shape of wUp is [4]; expected [4, hidden]", FeedForwardOp.class,
        new long[] {5, 4}, new long[] {4}, new long[] {6}, new long[] {6, 4}, new long[] {4}, new long[] {5, 4});
    assertMessage("tarflow_embedding: shape of table is [4]; expected [vocabulary, width]", EmbeddingOp.class,
        new long[] {4}, new long[] {3});
  }

  private static void assertMessage(String expected, Class<?> op, long[]... inputs) {
    assertEquals(expected, assertThrows(IllegalArgumentException.class, () -> shapes(op, inputs)).getMessage());
  }

  static Stream<Class<?>> ops() {
    return Ops.FORMULAS.stream().flatMap(formula -> Stream.of(formula.getDeclaredClasses()))
        .filter(op -> op.isAnnotationPresent(Op.class) && op.getAnnotation(Op.class).gradient() != JavaOp.class);
  }

  /** A gradient's op takes the op's arrays, and a gradient for each output except those that the op only saves for it. */
  @ParameterizedTest
  @MethodSource("ops")
  void theGradientKnowsItsArrays(Class<?> op) {
    Signature forward = Signature.of(op.getAnnotation(Op.class));
    Signature backward = Signature.of(op.getAnnotation(Op.class).gradient().getAnnotation(Op.class));
    long outside = backward.inputs().stream().filter(array -> Signature.indexOf(array.name(), forward.inputs()) < 0
        && Signature.indexOf(array.name(), forward.outputs()) < 0).count();
    assertTrue(outside >= 1 && outside <= forward.outputs().size(), backward.toString());
    for (int i = 0; i < forward.inputs().size(); i++) {
      String name = forward.inputs().get(i).name();
      assertEquals(i >= backward.outputs().size(), List.of("ids", "residual").contains(name), name);
    }
  }
}
