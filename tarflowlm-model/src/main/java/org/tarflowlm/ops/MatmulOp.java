package org.tarflowlm.ops;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.Linear;

/** x w: (x [.., in], w [in, out]) to [.., out]. FLOAT only; see {@link Linear}. */
@Op(name = "tarflow_matmul")
public final class MatmulOp extends FusedOp {
  public MatmulOp() {}

  public MatmulOp(SameDiff sd, SDVariable x, SDVariable w) {
    super(sd, new SDVariable[] {x, w});
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    INDArray w = inputs.get(1);
    requireShape("weight", w, inputs.get(0).size(-1), w.size(-1));
    return new long[][] {withLast(inputs.get(0), w.size(1))};
  }

  @Override
  void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
    Linear.forward(x[0], x[1], null, null, y[0], rows(in[0]), size(in[1], 0), size(in[1], 1));
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of(new Gradient(sameDiff, arg(0), arg(1), gradients.get(0)).outputVariables());
  }

  /** (x, w, dy) to (dx, dw). */
  @Op(name = "tarflow_matmul_bp", outputs = 2)
  public static final class Gradient extends FusedOp {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable x, SDVariable w, SDVariable dy) {
      super(sd, new SDVariable[] {x, w, dy});
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      Linear.backward(x[0], x[1], x[2], y[0], y[1], null, rows(in[0]), size(in[1], 0), size(in[1], 1));
    }
  }
}
