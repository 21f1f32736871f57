package org.tarflowlm.ops;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.CrossEntropy;

/** Cross-entropy in nats per token: (logits [.., vocabulary], ids INT [..]) to [..]. FLOAT only; see {@link CrossEntropy}. */
@Op(name = "tarflow_cross_entropy")
public final class CrossEntropyOp extends FusedOp {
  public CrossEntropyOp() {}

  public CrossEntropyOp(SameDiff sd, SDVariable logits, SDVariable ids) {
    super(sd, new SDVariable[] {logits, ids});
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    long[] logits = inputs.get(0).shape();
    long[] shape = Arrays.copyOf(logits, logits.length - 1);
    requireShape("ids", inputs.get(1), shape);
    return new long[][] {shape};
  }

  @Override
  void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
    CrossEntropy.forward(x[0], Tensors.ints(in[1]), y[0], rows(in[0]), size(in[0], -1));
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    SDVariable dLogits = new Gradient(sameDiff, arg(0), gradients.get(0), arg(1)).outputVariable();
    return List.of(dLogits, sameDiff.zerosLike(arg(1)));
  }

  /** (logits, dLoss, ids) to dLogits. */
  @Op(name = "tarflow_cross_entropy_bp")
  public static final class Gradient extends FusedOp {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable logits, SDVariable dLoss, SDVariable ids) {
      super(sd, new SDVariable[] {logits, dLoss, ids});
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      CrossEntropy.backward(x[0], Tensors.ints(in[2]), x[1], y[0], rows(in[0]), size(in[0], -1));
    }
  }
}
