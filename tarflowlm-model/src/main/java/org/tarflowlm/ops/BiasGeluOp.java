package org.tarflowlm.ops;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.BiasGelu;

/** Exact GELU of x + bias: (x [.., width], bias [width]) to [.., width]. FLOAT only; see {@link BiasGelu}. */
@Op(name = "tarflow_bias_gelu")
public final class BiasGeluOp extends FusedOp {
  public BiasGeluOp() {}

  public BiasGeluOp(SameDiff sd, SDVariable x, SDVariable bias) {
    super(sd, new SDVariable[] {x, bias});
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    requireShape("bias", inputs.get(1), inputs.get(0).size(-1));
    return new long[][] {inputs.get(0).shape()};
  }

  @Override
  void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
    BiasGelu.forward(x[0], x[1], y[0], rows(in[0]), size(in[0], -1));
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of(new Gradient(sameDiff, arg(0), arg(1), gradients.get(0)).outputVariables());
  }

  /** (x, bias, dy) to (dx, dBias). */
  @Op(name = "tarflow_bias_gelu_bp", outputs = 2)
  public static final class Gradient extends FusedOp {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable x, SDVariable bias, SDVariable dy) {
      super(sd, new SDVariable[] {x, bias, dy});
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      BiasGelu.backward(x[0], x[1], x[2], y[0], y[1], rows(in[0]), size(in[0], -1));
    }
  }
}
