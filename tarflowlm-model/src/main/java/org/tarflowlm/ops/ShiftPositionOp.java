package org.tarflowlm.ops;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.ShiftPosition;

/**
 * Shift right by one after a start vector, plus positions: (e [batch, time, width], start [width], position [maxTime, width]) to
 * [batch, time, width]. FLOAT only; see {@link ShiftPosition}.
 */
@Op(name = "tarflow_shift_position")
public final class ShiftPositionOp extends FusedOp {
  public ShiftPositionOp() {}

  public ShiftPositionOp(SameDiff sd, SDVariable e, SDVariable start, SDVariable position) {
    super(sd, new SDVariable[] {e, start, position});
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    INDArray e = inputs.get(0);
    INDArray position = inputs.get(2);
    requireRank("e", e, 3);
    requireShape("start", inputs.get(1), e.size(2));
    requireShape("position", position, position.size(0), e.size(2));
    if (e.size(1) > position.size(0)) {
      throw new IllegalArgumentException(
          opName() + ": sequence of " + e.size(1) + " positions, expected at most " + position.size(0));
    }
    return new long[][] {e.shape()};
  }

  @Override
  void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
    ShiftPosition.forward(x[0], x[1], x[2], y[0], size(in[0], 0), size(in[0], 1), size(in[0], 2));
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of(new Gradient(sameDiff, gradients.get(0), arg(2)).outputVariables());
  }

  /** (dOut, position) to (de, dStart, dPosition); of the positions only the shape is used. */
  @Op(name = "tarflow_shift_position_bp", outputs = 3)
  public static final class Gradient extends FusedOp {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable dOut, SDVariable position) {
      super(sd, new SDVariable[] {dOut, position});
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray dOut = inputs.get(0);
      return new long[][] {dOut.shape(), {dOut.size(2)}, inputs.get(1).shape()};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      ShiftPosition.backward(x[0], y[0], y[1], y[2], size(in[0], 0), size(in[0], 1), size(in[1], 0), size(in[0], 2));
    }
  }
}
