package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.MixtureCdf;
import org.tarflowlm.coupling.batch.MixtureCdfBatch;

/** {@link MixtureCdf} (Mix-1) as ops: forward, log-density, inverse, and the gradients of the first two. */
public final class MixtureCdfOps {
  private MixtureCdfOps() {}

  /**
   * {@link MixtureCdf} forward, scalar by scalar: (z [.., D], theta [.., D, 3K]) to (u [.., D], log |du/dz| [.., D]), and as third output
   * what the kernel of single precision saves for its gradient, in an order that only the two know.
   */
  @Op(name = MixtureCdfOp.NAME, outputs = 3, savedOutput = 2)
  public static final class MixtureCdfOp extends RowsOp implements FloatRows {
    static final String NAME = "tarflow_mixture_cdf";

    public MixtureCdfOp() {}

    public MixtureCdfOp(SameDiff sd, SDVariable z, SDVariable theta) {
      super(sd, new SDVariable[] {z, theta});
    }

    public MixtureCdfOp(INDArray z, INDArray theta) {
      super(new INDArray[] {z, theta});
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray z = inputs.get(0);
      int k = Shapes.requireParameters(NAME, "theta", z, inputs.get(1), 3) / 3;
      int saved = z.dataType() == DataType.FLOAT ? MixtureCdfBatch.savedWidth(k) : 1;
      return new long[][] {z.shape(), z.shape(), Shapes.append(z.shape(), saved)};
    }

    @Override
    protected void rows(RowBlock block) {
      int scalars = block.count * block.inWidth[0];
      int width = block.inWidth[1] / block.inWidth[0];
      for (int i = 0; i < scalars; i++) {
        block.out[0][i] = MixtureCdf.forward(block.in[0][i], block.in[1], i * width, width / 3, block.workspace);
        block.out[1][i] = block.workspace.logDet();
      }
    }

    @Override
    public void floatRows(RowBlock block) {
      int scalars = block.count * block.inWidth[0];
      int k = block.inWidth[1] / block.inWidth[0] / 3;
      MixtureCdfBatch.forward(
          block.floatIn[0], block.floatIn[1], scalars, k, block.floatOut[0], block.floatOut[1], block.saved, block.batch);
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
      SDVariable saved = outputVariables()[2];
      return List.of(new Gradient(sameDiff, arg(0), arg(1), gradients.get(0), gradients.get(1), saved).outputVariables());
    }

    /** (z, theta, dL/du, dL/dlogDet, saved) to (dL/dz, dL/dtheta). */
    @Op(name = MixtureCdfOp.NAME + "_bp", outputs = 2, savedInput = 4, unread = 2)
    public static final class Gradient extends RowsOp implements FloatRows {
      public Gradient() {}

      Gradient(SameDiff sd, SDVariable... inputs) {
        super(sd, inputs);
      }

      @Override
      protected void rows(RowBlock block) {
        int scalars = block.count * block.inWidth[0];
        int width = block.inWidth[1] / block.inWidth[0];
        double[] z = block.in[0];
        double[] theta = block.in[1];
        double[] a = block.in[2];
        double[] b = block.in[3];
        for (int i = 0; i < scalars; i++) {
          block.out[0][i] =
              MixtureCdf.gradient(z[i], theta, i * width, width / 3, a[i], b[i], block.out[1], i * width, block.workspace);
        }
      }

      @Override
      public void floatRows(RowBlock block) {
        int scalars = block.count * block.inWidth[0];
        int k = block.inWidth[1] / block.inWidth[0] / 3;
        MixtureCdfBatch.gradient(block.saved, block.floatIn[2], block.floatIn[3], scalars, k,
            block.floatOut[0], block.floatOut[1], block.batch);
      }
    }
  }

  /**
   * {@link MixtureCdf#logDensity}, scalar by scalar: (z [.., D], theta [.., D, 3K]) to log p(z) [.., D], nats, and as second output
   * what the kernel of single precision saves for its gradient. For the last flow, whose u is not needed.
   */
  @Op(name = MixtureCdfLogDensityOp.NAME, outputs = 2, savedOutput = 1)
  public static final class MixtureCdfLogDensityOp extends RowsOp implements FloatRows {
    static final String NAME = "tarflow_mixture_cdf_log_density";

    public MixtureCdfLogDensityOp() {}

    public MixtureCdfLogDensityOp(SameDiff sd, SDVariable z, SDVariable theta) {
      super(sd, new SDVariable[] {z, theta});
    }

    public MixtureCdfLogDensityOp(INDArray z, INDArray theta) {
      super(new INDArray[] {z, theta});
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray z = inputs.get(0);
      int k = Shapes.requireParameters(NAME, "theta", z, inputs.get(1), 3) / 3;
      int saved = z.dataType() == DataType.FLOAT ? MixtureCdfBatch.savedDensityWidth(k) : 1;
      return new long[][] {z.shape(), Shapes.append(z.shape(), saved)};
    }

    @Override
    protected void rows(RowBlock block) {
      int scalars = block.count * block.inWidth[0];
      int width = block.inWidth[1] / block.inWidth[0];
      for (int i = 0; i < scalars; i++) {
        block.out[0][i] = MixtureCdf.logDensity(block.in[0][i], block.in[1], i * width, width / 3, block.workspace);
      }
    }

    @Override
    public void floatRows(RowBlock block) {
      int scalars = block.count * block.inWidth[0];
      int k = block.inWidth[1] / block.inWidth[0] / 3;
      MixtureCdfBatch.logDensity(
          block.floatIn[0], block.floatIn[1], scalars, k, block.floatOut[0], block.saved, block.batch);
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
      SDVariable saved = outputVariables()[1];
      return List.of(new Gradient(sameDiff, arg(0), arg(1), gradients.get(0), saved).outputVariables());
    }

    /** (z, theta, dL/dlogDensity, saved) to (dL/dz, dL/dtheta). */
    @Op(name = MixtureCdfLogDensityOp.NAME + "_bp", outputs = 2, savedInput = 3, unread = 2)
    public static final class Gradient extends RowsOp implements FloatRows {
      public Gradient() {}

      Gradient(SameDiff sd, SDVariable... inputs) {
        super(sd, inputs);
      }

      @Override
      protected void rows(RowBlock block) {
        int scalars = block.count * block.inWidth[0];
        int width = block.inWidth[1] / block.inWidth[0];
        double[] theta = block.in[1];
        double[] b = block.in[2];
        for (int i = 0; i < scalars; i++) {
          block.out[0][i] = MixtureCdf.logDensityGradient(
              block.in[0][i], theta, i * width, width / 3, b[i], block.out[1], i * width, block.workspace);
        }
      }

      @Override
      public void floatRows(RowBlock block) {
        int scalars = block.count * block.inWidth[0];
        int k = block.inWidth[1] / block.inWidth[0] / 3;
        MixtureCdfBatch.logDensityGradient(
            block.saved, block.floatIn[2], scalars, k, block.floatOut[0], block.floatOut[1], block.batch);
      }
    }
  }

  /** {@link MixtureCdf#inverse}, scalar by scalar: (u [.., D], theta [.., D, 3K]) to z [.., D]. For generation: no gradient. */
  @Op(name = MixtureCdfInverseOp.NAME)
  public static final class MixtureCdfInverseOp extends RowsOp {
    static final String NAME = "tarflow_mixture_cdf_inverse";

    public MixtureCdfInverseOp() {}

    public MixtureCdfInverseOp(SameDiff sd, SDVariable u, SDVariable theta) {
      super(sd, new SDVariable[] {u, theta});
    }

    public MixtureCdfInverseOp(INDArray u, INDArray theta) {
      super(new INDArray[] {u, theta});
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray u = inputs.get(0);
      Shapes.requireParameters(NAME, "theta", u, inputs.get(1), 3);
      return new long[][] {u.shape()};
    }

    @Override
    protected void rows(RowBlock block) {
      int scalars = block.count * block.inWidth[0];
      int width = block.inWidth[1] / block.inWidth[0];
      for (int i = 0; i < scalars; i++) {
        block.out[0][i] = MixtureCdf.inverse(block.in[0][i], block.in[1], i * width, width / 3, block.workspace);
      }
    }
  }
}
