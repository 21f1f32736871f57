package org.tarflowlm.ops;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.LayerNorm;

/** Layer norm over the last dimension: (x [.., width], gain [width], bias [width]) to [.., width]. FLOAT only; see {@link LayerNorm}. */
@Op(name = "tarflow_layer_norm")
public final class LayerNormOp extends FusedOp {
  public LayerNormOp() {}

  public LayerNormOp(SameDiff sd, SDVariable x, SDVariable gain, SDVariable bias) {
    super(sd, new SDVariable[] {x, gain, bias});
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    INDArray x = inputs.get(0);
    requireShape("gain", inputs.get(1), x.size(-1));
    requireShape("bias", inputs.get(2), x.size(-1));
    return new long[][] {x.shape()};
  }

  @Override
  void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
    LayerNorm.forward(x[0], x[1], x[2], y[0], rows(in[0]), size(in[0], -1));
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of(new Gradient(sameDiff, arg(0), arg(1), gradients.get(0)).outputVariables());
  }

  /** (x, gain, dy) to (dx, dGain, dBias). */
  @Op(name = "tarflow_layer_norm_bp", outputs = 3)
  public static final class Gradient extends FusedOp {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable x, SDVariable gain, SDVariable dy) {
      super(sd, new SDVariable[] {x, gain, dy});
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      long[] width = inputs.get(1).shape();
      return new long[][] {inputs.get(0).shape(), width, width};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      LayerNorm.backward(x[0], x[1], x[2], y[0], y[1], y[2], rows(in[0]), size(in[0], -1));
    }
  }
}
