package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.MixtureCdf;
import org.tarflowlm.coupling.batch.MixtureCdfBatch;

/** {@link MixtureCdf} (Mix-1) as ops: forward, log-density and their gradients. */
public final class MixtureCdfOps {
  private MixtureCdfOps() {}

  /**
   * {@link MixtureCdf} forward, scalar by scalar: (z [.., D], theta [.., D, 3K]) to (u [.., D], log |du/dz| [.., D]), and as third output
   * what the kernel of single precision saves for its gradient, in an order that only the two know.
   */
  @Op(name = "tarflow_mixture_cdf", outputs = 3, savedOutput = 2, gradient = MixtureCdfOp.Gradient.class)
  public static final class MixtureCdfOp extends RowsOp implements RowsOp.FloatRows {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray z = inputs.get(0);
      int k = requireParameters("theta", z, inputs.get(1), 3) / 3;
      int saved = z.dataType() == DataType.FLOAT ? MixtureCdfBatch.savedWidth(k) : 1;
      return new long[][] {z.shape(), z.shape(), append(z.shape(), saved)};
    }

    @Override
    protected void rows(RowBlock block) {
      int width = block.perScalar(1);
      for (int i = 0; i < block.scalars(); i++) {
        block.out[0][i] = MixtureCdf.forward(block.in[0][i], block.in[1], i * width, width / 3, block.workspace);
        block.out[1][i] = block.workspace.logDet();
      }
    }

    @Override
    public void floatRows(RowBlock block) {
      MixtureCdfBatch.forward(block.floatIn[0], block.floatIn[1], block.scalars(), block.perScalar(1) / 3,
          block.floatOut[0], block.floatOut[1], block.saved, block.batch);
    }

    /** (z, theta, dL/du, dL/dlogDet, saved) to (dL/dz, dL/dtheta). */
    @Op(name = "tarflow_mixture_cdf_bp", outputs = 2, savedInput = 4, unread = 2)
    public static final class Gradient extends RowsOp implements RowsOp.FloatRows {
      @Override
      protected void rows(RowBlock block) {
        int width = block.perScalar(1);
        for (int i = 0; i < block.scalars(); i++) {
          block.out[0][i] = MixtureCdf.gradient(block.in[0][i], block.in[1], i * width, width / 3, block.in[2][i], block.in[3][i],
              block.out[1], i * width, block.workspace);
        }
      }

      @Override
      public void floatRows(RowBlock block) {
        MixtureCdfBatch.gradient(block.saved, block.floatIn[2], block.floatIn[3], block.scalars(), block.perScalar(1) / 3,
            block.floatOut[0], block.floatOut[1], block.batch);
      }
    }
  }

  /**
   * {@link MixtureCdf#logDensity}, scalar by scalar: (z [.., D], theta [.., D, 3K]) to log p(z) [.., D], nats, and as second output
   * what the kernel of single precision saves for its gradient. For the last flow, whose u is not needed.
   */
  @Op(name = "tarflow_mixture_cdf_log_density", outputs = 2, savedOutput = 1, gradient = MixtureCdfLogDensityOp.Gradient.class)
  public static final class MixtureCdfLogDensityOp extends RowsOp implements RowsOp.FloatRows {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray z = inputs.get(0);
      int k = requireParameters("theta", z, inputs.get(1), 3) / 3;
      int saved = z.dataType() == DataType.FLOAT ? MixtureCdfBatch.savedDensityWidth(k) : 1;
      return new long[][] {z.shape(), append(z.shape(), saved)};
    }

    @Override
    protected void rows(RowBlock block) {
      int width = block.perScalar(1);
      for (int i = 0; i < block.scalars(); i++) {
        block.out[0][i] = MixtureCdf.logDensity(block.in[0][i], block.in[1], i * width, width / 3, block.workspace);
      }
    }

    @Override
    public void floatRows(RowBlock block) {
      MixtureCdfBatch.logDensity(block.floatIn[0], block.floatIn[1], block.scalars(), block.perScalar(1) / 3,
          block.floatOut[0], block.saved, block.batch);
    }

    /** (z, theta, dL/dlogDensity, saved) to (dL/dz, dL/dtheta). */
    @Op(name = "tarflow_mixture_cdf_log_density_bp", outputs = 2, savedInput = 3, unread = 2)
    public static final class Gradient extends RowsOp implements RowsOp.FloatRows {
      @Override
      protected void rows(RowBlock block) {
        int width = block.perScalar(1);
        for (int i = 0; i < block.scalars(); i++) {
          block.out[0][i] = MixtureCdf.logDensityGradient(
              block.in[0][i], block.in[1], i * width, width / 3, block.in[2][i], block.out[1], i * width, block.workspace);
        }
      }

      @Override
      public void floatRows(RowBlock block) {
        MixtureCdfBatch.logDensityGradient(block.saved, block.floatIn[2], block.scalars(), block.perScalar(1) / 3,
            block.floatOut[0], block.floatOut[1], block.batch);
      }
    }
  }
}
