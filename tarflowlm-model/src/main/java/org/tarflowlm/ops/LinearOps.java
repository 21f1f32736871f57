package org.tarflowlm.ops;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.Elu;
import org.tarflowlm.kernel.FeedForward;
import org.tarflowlm.kernel.Linear;

/**
 * Linear maps as ops: {@link Linear} with a bias, with a bias and a residual, and with neither. Also the {@link FeedForward} half of a
 * transformer block, {@link Elu} and the reversal of rows.
 */
public final class LinearOps {
  private LinearOps() {}

  /** y = x weight + bias. FLOAT only; see {@link Linear}. */
  @Op(name = "tarflow_linear", in = "x [.., in], weight [in, out], bias [out]", out = "y [.., out]", gradient = LinearOp.Gradient.class)
  public static final class LinearOp extends FusedOp {
    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      Linear.forward(x[0], x[1], x[2], null, y[0], rows(in[0]), sequence(in[0]), size(in[1], 0), size(in[1], 1));
    }

    /** The gradient of this op and of {@link LinearResidualOp}. */
    @Op(name = "tarflow_linear_bp", in = "x [.., in], weight [in, out], dy [.., out]",
        out = "dx [.., in], dWeight [in, out], dBias [out]")
    public static final class Gradient extends FusedOp {
      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        Linear.backward(x[0], x[1], x[2], y[0], y[1], y[2], rows(in[0]), size(in[1], 0), size(in[1], 1));
      }
    }
  }

  /** y = x weight + bias + residual. FLOAT only; see {@link Linear}. */
  @Op(name = "tarflow_linear_residual", in = "x [.., in], weight [in, out], bias [out], residual [.., out]", out = "y [.., out]",
      gradient = LinearOp.Gradient.class)
  public static final class LinearResidualOp extends FusedOp {
    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      Linear.forward(x[0], x[1], x[2], x[3], y[0], rows(in[0]), sequence(in[0]), size(in[1], 0), size(in[1], 1));
    }
  }

  /** y = x weight. FLOAT only; see {@link Linear}. */
  @Op(name = "tarflow_matmul", in = "x [.., in], weight [in, out]", out = "y [.., out]", gradient = MatmulOp.Gradient.class)
  public static final class MatmulOp extends FusedOp {
    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      Linear.forward(x[0], x[1], null, null, y[0], rows(in[0]), sequence(in[0]), size(in[1], 0), size(in[1], 1));
    }

    /** The gradient. */
    @Op(name = "tarflow_matmul_bp", in = "x [.., in], weight [in, out], dy [.., out]", out = "dx [.., in], dWeight [in, out]")
    public static final class Gradient extends FusedOp {
      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        Linear.backward(x[0], x[1], x[2], y[0], y[1], null, rows(in[0]), size(in[1], 0), size(in[1], 1));
      }
    }
  }

  /**
   * y = residual + gelu(x wUp + bUp) wDown + bDown. The second output, up = x wUp, is saved for the gradient. FLOAT only; see
   * {@link FeedForward}.
   */
  @Op(name = "tarflow_feed_forward", in = "x [.., width], wUp [width, hidden], bUp [hidden], wDown [hidden, width], bDown [width], "
      + "residual [.., width]", out = "y [.., width], up [.., hidden]", gradient = FeedForwardOp.Gradient.class)
  public static final class FeedForwardOp extends FusedOp {
    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      FeedForward.forward(x[0], x[1], x[2], x[3], x[4], x[5], y[0], y[1], rows(in[0]), sequence(in[0]), size(in[1], 0), size(in[1], 1));
    }

    /** The gradient. */
    @Op(name = "tarflow_feed_forward_bp",
        in = "x [.., width], wUp [width, hidden], bUp [hidden], wDown [hidden, width], up [.., hidden], dy [.., width]",
        out = "dx [.., width], dwUp [width, hidden], dbUp [hidden], dwDown [hidden, width], dbDown [width]")
    public static final class Gradient extends FusedOp {
      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        FeedForward.backward(x[0], x[1], x[2], x[3], x[4], x[5], y[0], y[1], y[2], y[3], y[4],
            rows(in[0]), size(in[1], 0), size(in[1], 1));
      }
    }
  }

  /** Exponential linear unit, elementwise. FLOAT only; see {@link Elu}. */
  @Op(name = "tarflow_elu", in = "x [..]", out = "y [..]", gradient = EluOp.Gradient.class)
  public static final class EluOp extends FusedOp {
    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      Elu.forward(x[0], y[0], in[0].length());
    }

    /** The gradient. */
    @Op(name = "tarflow_elu_bp", in = "x [..], dy [..]", out = "dx [..]")
    public static final class Gradient extends FusedOp {
      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        Elu.backward(x[0], x[1], y[0], in[0].length());
      }
    }
  }

  /** Reverses the last axis of x. M2.1's own op leaks about a hundred bytes of native memory for every row of every call. */
  @Op(name = "tarflow_reverse", in = "x [.., n]", out = "y [.., n]")
  public static final class ReverseOp extends RowsOp implements RowsOp.FloatRows {
    @Override
    protected void rows(Block block) {
      int n = block.inWidth[0];
      for (int row = 0; row < block.count; row++) {
        for (int j = 0; j < n; j++) {
          block.out[0][row * n + j] = block.in[0][row * n + n - 1 - j];
        }
      }
    }

    @Override
    public void floatRows(Block block) {
      int n = block.inWidth[0];
      for (int row = 0; row < block.count; row++) {
        for (int j = 0; j < n; j++) {
          block.floatOut[0][row * n + j] = block.floatIn[0][row * n + n - 1 - j];
        }
      }
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
      return List.of(new ReverseOp().in(sameDiff, gradients.get(0))[0]);
    }
  }
}
