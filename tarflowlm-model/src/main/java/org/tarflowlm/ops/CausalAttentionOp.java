package org.tarflowlm.ops;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.CausalAttention;

/** Causal self-attention: (qkv [batch, time, 3 width]) to [batch, time, width]. FLOAT only; see {@link CausalAttention}. */
public final class CausalAttentionOp extends FusedOp {
  public CausalAttentionOp() {}

  public CausalAttentionOp(SameDiff sd, SDVariable qkv, int heads) {
    super(sd, new SDVariable[] {qkv}, heads);
  }

  @Override
  public String opName() {
    return "tarflow_causal_attention";
  }

  @Override
  public int getNumOutputs() {
    return 1;
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    INDArray qkv = inputs.get(0);
    requireRank("qkv", qkv, 3);
    if (argument(0) < 1 || qkv.size(2) % (3L * argument(0)) != 0) {
      throw new IllegalArgumentException(
          opName() + ": qkv is " + qkv.size(2) + " wide, expected a multiple of 3 x " + argument(0) + " heads");
    }
    return new long[][] {withLast(qkv, qkv.size(2) / 3)};
  }

  @Override
  void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
    CausalAttention.forward(x[0], y[0], size(in[0], 0), size(in[0], 1), size(in[0], 2) / 3, argument(0));
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of(new Gradient(sameDiff, arg(0), gradients.get(0), argument(0)).outputVariables());
  }

  /** (qkv, dOut) to dQkv. */
  public static final class Gradient extends FusedOp {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable qkv, SDVariable dOut, int heads) {
      super(sd, new SDVariable[] {qkv, dOut}, heads);
    }

    @Override
    public String opName() {
      return "tarflow_causal_attention_bp";
    }

    @Override
    public int getNumOutputs() {
      return 1;
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      return new long[][] {inputs.get(0).shape()};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      CausalAttention.backward(x[0], x[1], y[0], size(in[0], 0), size(in[0], 1), size(in[0], 2) / 3, argument(0));
    }
  }
}
