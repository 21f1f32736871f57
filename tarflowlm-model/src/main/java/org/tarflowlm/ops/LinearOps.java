package org.tarflowlm.ops;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.Linear;

/** {@link Linear} as ops: with bias, with bias and residual, alone. */
public final class LinearOps {
  private LinearOps() {}

  /** x w + b: (x [.., in], w [in, out], b [out]) to [.., out]. FLOAT only; see {@link Linear}. */
  @Op(name = "tarflow_linear")
  public static final class LinearOp extends FusedOp {
    public LinearOp() {}

    public LinearOp(SameDiff sd, SDVariable x, SDVariable w, SDVariable b) {
      super(sd, new SDVariable[] {x, w, b});
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray w = inputs.get(1);
      requireShape("weight", w, inputs.get(0).size(-1), w.size(-1));
      requireShape("bias", inputs.get(2), w.size(1));
      return new long[][] {withLast(inputs.get(0), w.size(1))};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      Linear.forward(x[0], x[1], x[2], null, y[0], rows(in[0]), size(in[1], 0), size(in[1], 1));
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
      return List.of(new Gradient(sameDiff, arg(0), arg(1), gradients.get(0)).outputVariables());
    }

    /** (x, w, dy) to (dx, dw, db). */
    @Op(name = "tarflow_linear_bp", outputs = 3)
    public static final class Gradient extends FusedOp {
      public Gradient() {}

      Gradient(SameDiff sd, SDVariable x, SDVariable w, SDVariable dy) {
        super(sd, new SDVariable[] {x, w, dy});
      }

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
    public LinearResidualOp() {}

    public LinearResidualOp(SameDiff sd, SDVariable x, SDVariable w, SDVariable b, SDVariable residual) {
      super(sd, new SDVariable[] {x, w, b, residual});
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray w = inputs.get(1);
      long[] shape = withLast(inputs.get(0), w.size(1));
      requireShape("weight", w, inputs.get(0).size(-1), w.size(-1));
      requireShape("bias", inputs.get(2), w.size(1));
      requireShape("residual", inputs.get(3), shape);
      return new long[][] {shape};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      Linear.forward(x[0], x[1], x[2], x[3], y[0], rows(in[0]), size(in[1], 0), size(in[1], 1));
    }

    /** The residual's gradient is that of the sum, unchanged. */
    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
      SDVariable dy = gradients.get(0);
      SDVariable[] linear = new LinearOp.Gradient(sameDiff, arg(0), arg(1), dy).outputVariables();
      return List.of(linear[0], linear[1], linear[2], dy);
    }
  }

  /** x w: (x [.., in], w [in, out]) to [.., out]. FLOAT only; see {@link Linear}. */
  @Op(name = "tarflow_matmul")
  public static final class MatmulOp extends FusedOp {
    public MatmulOp() {}

    public MatmulOp(SameDiff sd, SDVariable x, SDVariable w) {
      super(sd, new SDVariable[] {x, w});
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray w = inputs.get(1);
      requireShape("weight", w, inputs.get(0).size(-1), w.size(-1));
      return new long[][] {withLast(inputs.get(0), w.size(1))};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      Linear.forward(x[0], x[1], null, null, y[0], rows(in[0]), size(in[1], 0), size(in[1], 1));
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
      return List.of(new Gradient(sameDiff, arg(0), arg(1), gradients.get(0)).outputVariables());
    }

    /** (x, w, dy) to (dx, dw). */
    @Op(name = "tarflow_matmul_bp", outputs = 2)
    public static final class Gradient extends FusedOp {
      public Gradient() {}

      Gradient(SameDiff sd, SDVariable x, SDVariable w, SDVariable dy) {
        super(sd, new SDVariable[] {x, w, dy});
      }

      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        Linear.backward(x[0], x[1], x[2], y[0], y[1], null, rows(in[0]), size(in[1], 0), size(in[1], 1));
      }
    }
  }
}
