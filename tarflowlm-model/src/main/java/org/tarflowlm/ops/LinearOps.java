package org.tarflowlm.ops;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.Elu;
import org.tarflowlm.kernel.FeedForward;
import org.tarflowlm.kernel.Linear;

/**
 * Linear maps as ops: {@link Linear} with bias, with bias and residual, alone; the {@link FeedForward} of a block; {@link Elu}; the
 * reversal of rows.
 */
public final class LinearOps {
  private LinearOps() {}

  /** x w + b: (x [.., in], w [in, out], b [out]) to [.., out]. FLOAT only; see {@link Linear}. */
  @Op(name = "tarflow_linear", gradient = LinearOp.Gradient.class, gradientReads = 2)
  public static final class LinearOp extends FusedOp {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray w = inputs.get(1);
      require("weight", w, inputs.get(0).size(-1), w.size(-1));
      require("bias", inputs.get(2), w.size(1));
      return new long[][] {withLast(inputs.get(0), w.size(1))};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      Linear.forward(x[0], x[1], x[2], null, y[0], rows(in[0]), sequence(in[0]), size(in[1], 0), size(in[1], 1));
    }

    /** (x, w, dy) to (dx, dw, db). */
    @Op(name = "tarflow_linear_bp", outputs = 3)
    public static final class Gradient extends FusedOp {
      @Override
      protected long[][] outputShapes(List<INDArray> inputs) {
        INDArray w = inputs.get(1);
        return new long[][] {inputs.get(0).shape(), w.shape(), {w.size(1)}};
      }

      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        Linear.backward(x[0], x[1], x[2], y[0], y[1], y[2], rows(in[0]), size(in[1], 0), size(in[1], 1));
      }
    }
  }

  /** x w + b + residual: (x [.., in], w [in, out], b [out], residual [.., out]) to [.., out]. FLOAT only; see {@link Linear}. */
  @Op(name = "tarflow_linear_residual")
  public static final class LinearResidualOp extends FusedOp {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray w = inputs.get(1);
      long[] shape = withLast(inputs.get(0), w.size(1));
      require("weight", w, inputs.get(0).size(-1), w.size(-1));
      require("bias", inputs.get(2), w.size(1));
      require("residual", inputs.get(3), shape);
      return new long[][] {shape};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      Linear.forward(x[0], x[1], x[2], x[3], y[0], rows(in[0]), sequence(in[0]), size(in[1], 0), size(in[1], 1));
    }

    /** The residual's gradient is that of the sum, unchanged. */
    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
      SDVariable dy = gradients.get(0);
      SDVariable[] linear = new LinearOp.Gradient().in(sameDiff, arg(0), arg(1), dy);
      return List.of(linear[0], linear[1], linear[2], dy);
    }
  }

  /** x w: (x [.., in], w [in, out]) to [.., out]. FLOAT only; see {@link Linear}. */
  @Op(name = "tarflow_matmul", gradient = MatmulOp.Gradient.class)
  public static final class MatmulOp extends FusedOp {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray w = inputs.get(1);
      require("weight", w, inputs.get(0).size(-1), w.size(-1));
      return new long[][] {withLast(inputs.get(0), w.size(1))};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      Linear.forward(x[0], x[1], null, null, y[0], rows(in[0]), sequence(in[0]), size(in[1], 0), size(in[1], 1));
    }

    /** (x, w, dy) to (dx, dw). */
    @Op(name = "tarflow_matmul_bp", outputs = 2)
    public static final class Gradient extends FusedOp {
      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        Linear.backward(x[0], x[1], x[2], y[0], y[1], null, rows(in[0]), size(in[1], 0), size(in[1], 1));
      }
    }
  }

  /**
   * residual + gelu(x wUp + bUp) wDown + bDown: (x [.., width], wUp [width, hidden], bUp [hidden], wDown [hidden, width], bDown [width],
   * residual [.., width]) to [.., width] and x wUp [.., hidden], which the gradient wants. FLOAT only; see {@link FeedForward}.
   */
  @Op(name = "tarflow_feed_forward", outputs = 2)
  public static final class FeedForwardOp extends FusedOp {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray x = inputs.get(0);
      long width = x.size(-1);
      long hidden = inputs.get(1).size(-1);
      require("wUp", inputs.get(1), width, hidden);
      require("bUp", inputs.get(2), hidden);
      require("wDown", inputs.get(3), hidden, width);
      require("bDown", inputs.get(4), width);
      require("residual", inputs.get(5), x.shape());
      return new long[][] {x.shape(), withLast(x, hidden)};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      FeedForward.forward(x[0], x[1], x[2], x[3], x[4], x[5], y[0], y[1], rows(in[0]), sequence(in[0]), size(in[1], 0), size(in[1], 1));
    }

    /** The residual's gradient is that of the sum, unchanged. */
    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
      SDVariable dy = gradients.get(0);
      SDVariable[] all = new Gradient().in(sameDiff, arg(0), arg(1), arg(2), arg(3), outputVariables()[1], dy);
      return List.of(all[0], all[1], all[2], all[3], all[4], dy);
    }

    /** (x, wUp, bUp, wDown, x wUp, dy) to the gradients of x, wUp, bUp, wDown and bDown. */
    @Op(name = "tarflow_feed_forward_bp", outputs = 5)
    public static final class Gradient extends FusedOp {
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

  /** Exponential linear unit, elementwise. FLOAT only; see {@link Elu}. */
  @Op(name = "tarflow_elu", gradient = EluOp.Gradient.class)
  public static final class EluOp extends FusedOp {
    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      Elu.forward(x[0], y[0], in[0].length());
    }

    /** (x, dy) to dx. */
    @Op(name = "tarflow_elu_bp")
    public static final class Gradient extends FusedOp {
      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        Elu.backward(x[0], x[1], y[0], in[0].length());
      }
    }
  }

  /**
   * x [.., n] with its last axis from end to start. M2.1's own op loses some hundred bytes of native memory for every row of every call.
   */
  @Op(name = "tarflow_reverse")
  public static final class ReverseOp extends RowsOp implements RowsOp.FloatRows {
    @Override
    protected void rows(RowBlock block) {
      int n = block.inWidth[0];
      for (int row = 0; row < block.count; row++) {
        for (int j = 0; j < n; j++) {
          block.out[0][row * n + j] = block.in[0][row * n + n - 1 - j];
        }
      }
    }

    @Override
    public void floatRows(RowBlock block) {
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
