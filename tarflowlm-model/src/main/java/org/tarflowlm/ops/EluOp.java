package org.tarflowlm.ops;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.Elu;

/** Exponential linear unit, elementwise. FLOAT only; see {@link Elu}. */
@Op(name = "tarflow_elu")
public final class EluOp extends FusedOp {
  public EluOp() {}

  public EluOp(SameDiff sd, SDVariable x) {
    super(sd, new SDVariable[] {x});
  }

  @Override
  void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
    Elu.forward(x[0], y[0], in[0].length());
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of(new Gradient(sameDiff, arg(0), gradients.get(0)).outputVariables());
  }

  /** (x, dy) to dx. */
  @Op(name = "tarflow_elu_bp")
  public static final class Gradient extends FusedOp {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable x, SDVariable dy) {
      super(sd, new SDVariable[] {x, dy});
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      Elu.backward(x[0], x[1], y[0], in[0].length());
    }
  }
}
