package org.tarflowlm.ops;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.CausalAttention;

/**
 * Causal self-attention: (qkv [batch, time, 3 width]) to [batch, time, width] and what the gradient wants of the softmax,
 * [batch, heads, time]. FLOAT only; see {@link CausalAttention}.
 */
@Op(name = "tarflow_causal_attention", outputs = 2)
public final class CausalAttentionOp extends FusedOp {
  public CausalAttentionOp() {}

  public CausalAttentionOp(SameDiff sd, SDVariable qkv, int heads) {
    super(sd, new SDVariable[] {qkv}, heads);
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    INDArray qkv = inputs.get(0);
    requireRank("qkv", qkv, 3);
    if (argument(0) < 1 || qkv.size(2) % (3L * argument(0)) != 0) {
      throw new IllegalArgumentException(
          opName() + ": qkv is " + qkv.size(2) + " wide, expected a multiple of 3 x " + argument(0) + " heads");
    }
    return new long[][] {withLast(qkv, qkv.size(2) / 3), {qkv.size(0), argument(0), qkv.size(1)}};
  }

  @Override
  void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
    CausalAttention.forward(x[0], y[0], y[1], size(in[0], 0), size(in[0], 1), size(in[0], 2) / 3, argument(0));
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of(new Gradient(sameDiff, arg(0), outputVariables()[1], gradients.get(0), argument(0)).outputVariables());
  }

  /** (qkv, log-sums, dOut) to dQkv. */
  @Op(name = "tarflow_causal_attention_bp")
  public static final class Gradient extends FusedOp {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable qkv, SDVariable logSums, SDVariable dOut, int heads) {
      super(sd, new SDVariable[] {qkv, logSums, dOut}, heads);
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      CausalAttention.backward(x[0], x[1], x[2], y[0], size(in[0], 0), size(in[0], 1), size(in[0], 2) / 3, argument(0));
    }
  }
}
