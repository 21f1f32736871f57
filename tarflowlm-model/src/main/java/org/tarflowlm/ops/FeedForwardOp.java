package org.tarflowlm.ops;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.FeedForward;

/**
 * residual + gelu(x wUp + bUp) wDown + bDown: (x [.., width], wUp [width, hidden], bUp [hidden], wDown [hidden, width], bDown [width],
 * residual [.., width]) to [.., width] and x wUp [.., hidden], which the gradient wants. FLOAT only; see {@link FeedForward}.
 */
@Op(name = "tarflow_feed_forward", outputs = 2)
public final class FeedForwardOp extends FusedOp {
  public FeedForwardOp() {}

  public FeedForwardOp(SameDiff sd, SDVariable x, SDVariable wUp, SDVariable bUp, SDVariable wDown, SDVariable bDown,
      SDVariable residual) {
    super(sd, new SDVariable[] {x, wUp, bUp, wDown, bDown, residual});
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    INDArray x = inputs.get(0);
    long width = x.size(-1);
    long hidden = inputs.get(1).size(-1);
    requireShape("wUp", inputs.get(1), width, hidden);
    requireShape("bUp", inputs.get(2), hidden);
    requireShape("wDown", inputs.get(3), hidden, width);
    requireShape("bDown", inputs.get(4), width);
    requireShape("residual", inputs.get(5), x.shape());
    return new long[][] {x.shape(), withLast(x, hidden)};
  }

  @Override
  void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
    FeedForward.forward(x[0], x[1], x[2], x[3], x[4], x[5], y[0], y[1], rows(in[0]), size(in[1], 0), size(in[1], 1));
  }

  /** The residual's gradient is that of the sum, unchanged. */
  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    SDVariable dy = gradients.get(0);
    SDVariable[] all = new Gradient(sameDiff, arg(0), arg(1), arg(2), arg(3), outputVariables()[1], dy).outputVariables();
    return List.of(all[0], all[1], all[2], all[3], all[4], dy);
  }

  /** (x, wUp, bUp, wDown, x wUp, dy) to the gradients of x, wUp, bUp, wDown and bDown. */
  @Op(name = "tarflow_feed_forward_bp", outputs = 5)
  public static final class Gradient extends FusedOp {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable... inputs) {
      super(sd, inputs);
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      long[] x = inputs.get(0).shape();
      return new long[][] {x, inputs.get(1).shape(), inputs.get(2).shape(), inputs.get(3).shape(), {x[x.length - 1]}};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      FeedForward.backward(x[0], x[1], x[2], x[3], x[4], x[5], y[0], y[1], y[2], y[3], y[4],
          rows(in[0]), size(in[1], 0), size(in[1], 1));
    }
  }
}
