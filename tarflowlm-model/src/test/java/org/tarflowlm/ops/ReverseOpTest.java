package org.tarflowlm.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.ops.LinearOps.ReverseOp;

class ReverseOpTest {
  private static final int ROWS = 2_048;
  private static final int CALLS = 200;
  private static final long MEGABYTE = 1 << 20;

  @BeforeAll
  static void register() {
    Ops.register();
  }

  @Test
  void valueAndGradientAreReversed() {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      SameDiff sd = SameDiff.create();
      SDVariable x = sd.var("x", Nd4j.createFromArray(new double[][] {{1, 2, 3}, {4, 5, 6}}).castTo(type));
      SDVariable y = new ReverseOp().in(sd, x)[0];
      INDArray expected = Nd4j.createFromArray(new double[][] {{3, 2, 1}, {6, 5, 4}}).castTo(type);
      assertEquals(expected, y.eval());
      y.mul(sd.constant(x.getArr().dup())).sum().markAsLoss();
      assertEquals(expected, sd.calculateGradients(Map.of(), "x").get("x"));
    }
  }

  /** M2.1's own reverse leaks native memory for every row of every call: megabytes in a training step. */
  @Test
  void theStockOpLosesMemoryAndThisOneDoesNot() {
    INDArray x = Nd4j.rand(DataType.FLOAT, ROWS, 5);
    INDArray y = Nd4j.create(DataType.FLOAT, ROWS, 5);
    long lost = 0;
    for (int turn = 0; turn < 5 && lost <= 30 * MEGABYTE; turn++) { // what earlier tests freed may hold the first megabytes
      lost += growth(() -> Nd4j.exec(DynamicCustomOp.builder("reverse").addInputs(x).addOutputs(y).addIntegerArguments(1).build()));
    }
    assertTrue(lost > 30 * MEGABYTE, lost + " bytes");
    assertTrue(growth(() -> Arrays.stream(new ReverseOp().execute(x)).forEach(INDArray::close)) < 10 * MEGABYTE);
  }

  private static long growth(Runnable call) {
    for (int i = 0; i < 20; i++) {
      call.run();
    }
    long before = Pointer.physicalBytes();
    for (int i = 0; i < CALLS; i++) {
      call.run();
    }
    return Pointer.physicalBytes() - before;
  }
}
