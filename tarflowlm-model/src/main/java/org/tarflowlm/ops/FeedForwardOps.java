package org.tarflowlm.ops;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.BiasGelu;
import org.tarflowlm.kernel.Elu;
import org.tarflowlm.kernel.FeedForward;

/** The feed-forward half of a transformer block and its nonlinearities as ops. */
public final class FeedForwardOps {
  private FeedForwardOps() {}

  /**
   * residual + gelu(x wUp + bUp) wDown + bDown: (x [.., width], wUp [width, hidden], bUp [hidden], wDown [hidden, width], bDown [width],
   * residual [.., width]) to [.., width] and x wUp [.., hidden], which the gradient wants. FLOAT only; see {@link FeedForward}.
   */
  @Op(name = "tarflow_feed_forward", outputs = 2)
  public static final class FeedForwardOp extends FusedOp {
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

  /** Exact GELU of x + bias: (x [.., width], bias [width]) to [.., width]. FLOAT only; see {@link BiasGelu}. */
  @Op(name = "tarflow_bias_gelu")
  public static final class BiasGeluOp extends FusedOp {
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

  /** Exponential linear unit, elementwise. FLOAT only; see {@link Elu}. */
  @Op(name = "tarflow_elu")
  public static final class EluOp extends FusedOp {
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
}
