package org.tarflowlm.ops;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.Linear;

/** x w + b + residual: (x [.., in], w [in, out], b [out], residual [.., out]) to [.., out]. FLOAT only; see {@link Linear}. */
@Op(name = "tarflow_linear_residual")
public final class LinearResidualOp extends FusedOp {
  public LinearResidualOp() {}

  public LinearResidualOp(SameDiff sd, SDVariable x, SDVariable w, SDVariable b, SDVariable residual) {
    super(sd, new SDVariable[] {x, w, b, residual});
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    INDArray w = inputs.get(1);
    long[] shape = withLast(inputs.get(0), w.size(1));
    requireShape("weight", w, inputs.get(0).size(-1), w.size(-1));
    requireShape("bias", inputs.get(2), w.size(1));
    requireShape("residual", inputs.get(3), shape);
    return new long[][] {shape};
  }

  @Override
  void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
    Linear.forward(x[0], x[1], x[2], x[3], y[0], rows(in[0]), size(in[1], 0), size(in[1], 1));
  }

  /** The residual's gradient is that of the sum, unchanged. */
  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    SDVariable dy = gradients.get(0);
    SDVariable[] linear = new LinearOp.Gradient(sameDiff, arg(0), arg(1), dy).outputVariables();
    return List.of(linear[0], linear[1], linear[2], dy);
  }
}
