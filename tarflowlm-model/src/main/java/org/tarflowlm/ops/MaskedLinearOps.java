package org.tarflowlm.ops;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.BlockMask;
import org.tarflowlm.kernel.MaskedInputs;
import org.tarflowlm.kernel.MaskedLinear;

/**
 * The parts of a masked head as ops: {@link MaskedInputs} and {@link MaskedLinear}, whose second output, bent = elu(x), is saved for the
 * gradient, and whose mask the integer arguments hold. FLOAT only.
 */
public final class MaskedLinearOps {
  private MaskedLinearOps() {}

  /** An op whose weight has a mask. */
  abstract static class MaskedOp extends FusedOp {
    MaskedOp() {}

    MaskedOp(BlockMask mask) {
      addIArgument(mask.sources(), mask.perSource(), mask.targets(), mask.perTarget(), mask.same() ? 1 : 0);
    }

    final BlockMask mask() {
      return new BlockMask(argument(0), argument(1), argument(2), argument(3), argument(4) == 1);
    }
  }

  /** y = elu(x) weight + bias. */
  @Op(name = "tarflow_masked_linear", in = "x [.., in], weight [in, out], bias [out]", out = "y [.., out], bent [.., in]",
      gradient = MaskedLinearOp.Gradient.class)
  public static final class MaskedLinearOp extends MaskedOp {
    public MaskedLinearOp() {}

    public MaskedLinearOp(BlockMask mask) {
      super(mask);
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      MaskedLinear.forward(x[0], x[1], x[2], null, y[0], y[1], rows(in[0]), sequence(in[0]), mask());
    }

    /** The gradient. */
    @Op(name = "tarflow_masked_linear_bp", in = "bent [.., in], weight [in, out], dy [.., out]",
        out = "dx [.., in], dWeight [in, out], dBias [out]")
    public static final class Gradient extends MaskedOp {
      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        MaskedLinear.backward(x[0], x[1], x[2], y[0], y[1], y[2], rows(in[0]), mask());
      }
    }
  }

  /** y = elu(x) weight + residual. */
  @Op(name = "tarflow_masked_residual", in = "x [.., in], weight [in, out], residual [.., out]", out = "y [.., out], bent [.., in]",
      gradient = MaskedResidualOp.Gradient.class)
  public static final class MaskedResidualOp extends MaskedOp {
    public MaskedResidualOp() {}

    public MaskedResidualOp(BlockMask mask) {
      super(mask);
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      MaskedLinear.forward(x[0], x[1], null, x[2], y[0], y[1], rows(in[0]), sequence(in[0]), mask());
    }

    /** The gradient. */
    @Op(name = "tarflow_masked_residual_bp", in = "bent [.., in], weight [in, out], dy [.., out]", out = "dx [.., in], dWeight [in, out]")
    public static final class Gradient extends MaskedOp {
      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        MaskedLinear.backward(x[0], x[1], x[2], y[0], y[1], null, rows(in[0]), mask());
      }
    }
  }

  /** y = (x, elu(x), elu(-x)) of each channel but the last, D at least 2. */
  @Op(name = "tarflow_masked_inputs", in = "x [.., D]", out = "y [.., n]", gradient = MaskedInputsOp.Gradient.class)
  public static final class MaskedInputsOp extends FusedOp {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      long[] y = inputs.get(0).shape().clone();
      y[y.length - 1] = MaskedInputs.PER_CHANNEL * (y[y.length - 1] - 1);
      return new long[][] {y};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      MaskedInputs.forward(x[0], y[0], rows(in[0]), size(in[0], -1));
    }

    /** The gradient. */
    @Op(name = "tarflow_masked_inputs_bp", in = "y [.., n], dy [.., n]", out = "dx [.., D]")
    public static final class Gradient extends FusedOp {
      @Override
      protected long[][] outputShapes(List<INDArray> inputs) {
        long[] x = inputs.get(0).shape().clone();
        x[x.length - 1] = x[x.length - 1] / MaskedInputs.PER_CHANNEL + 1;
        return new long[][] {x};
      }

      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        MaskedInputs.backward(x[0], x[1], y[0], rows(in[0]), size(in[0], -1) / MaskedInputs.PER_CHANNEL + 1);
      }
    }
  }
}
