package org.tarflowlm.ops;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.MixtureCdf;
import org.tarflowlm.coupling.batch.MixtureCdfBatch;

/** {@link MixtureCdf} (Mix-1, paper section 3.2.1) as ops: forward, log-density and their gradients. */
public final class MixtureCdfOps {
  private MixtureCdfOps() {}

  /**
   * Checks that theta has z's shape and one more dimension, 3K.
   *
   * @param width how many numbers the single-precision kernel saves per scalar, given K
   * @return shape of the array "saved", which double precision does not use
   */
  private static long[] saved(JavaOp op, List<INDArray> inputs, IntUnaryOperator width) {
    INDArray z = inputs.get(0);
    long[] theta = inputs.get(1).shape();
    int rank = z.rank();
    if (theta.length != rank + 1 || !Arrays.equals(z.shape(), Arrays.copyOf(theta, rank)) || theta[rank] % 3 != 0) {
      throw new IllegalArgumentException(op.opName() + ": shape of theta is " + Arrays.toString(theta) + "; expected "
          + Arrays.toString(z.shape()) + " with one more dimension, a multiple of 3");
    }
    long[] shape = theta.clone();
    shape[rank] = z.dataType() == DataType.FLOAT ? width.applyAsInt((int) theta[rank] / 3) : 1;
    return shape;
  }

  /**
   * {@link MixtureCdf} forward for every scalar; m = 3K, logDet is log |du/dz| in nats per scalar. In the third output, the
   * single-precision kernel saves numbers for its gradient; only these two know their order.
   */
  @Op(name = "tarflow_mixture_cdf", in = "z [.., D], theta [.., D, m]", out = "u [.., D], logDet [.., D], saved [.., D, s]",
      gradient = MixtureCdfOp.Gradient.class)
  public static final class MixtureCdfOp extends RowsOp implements RowsOp.FloatRows {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      long[] z = inputs.get(0).shape();
      return new long[][] {z, z, saved(this, inputs, MixtureCdfBatch::savedWidth)};
    }

    @Override
    protected void rows(Block block) {
      int width = block.perScalar(1);
      for (int i = 0; i < block.scalars(); i++) {
        block.out[0][i] = MixtureCdf.forward(block.in[0][i], block.in[1], i * width, width / 3, block.workspace);
        block.out[1][i] = block.workspace.logDet();
      }
    }

    @Override
    public void floatRows(Block block) {
      MixtureCdfBatch.forward(block.floatIn[0], block.floatIn[1], block.scalars(), block.perScalar(1) / 3,
          block.floatOut[0], block.floatOut[1], block.saved, block.batch);
    }

    /** The gradient. */
    @Op(name = "tarflow_mixture_cdf_bp", in = "z [.., D], theta [.., D, m], du [.., D], dLogDet [.., D], saved [.., D, s]",
        out = "dz [.., D], dTheta [.., D, m]", unread = 2)
    public static final class Gradient extends RowsOp implements RowsOp.FloatRows {
      @Override
      protected void rows(Block block) {
        int width = block.perScalar(1);
        for (int i = 0; i < block.scalars(); i++) {
          block.out[0][i] = MixtureCdf.gradient(block.in[0][i], block.in[1], i * width, width / 3, block.in[2][i], block.in[3][i],
              block.out[1], i * width, block.workspace);
        }
      }

      @Override
      public void floatRows(Block block) {
        MixtureCdfBatch.gradient(block.saved, block.floatIn[2], block.floatIn[3], block.scalars(), block.perScalar(1) / 3,
            block.floatOut[0], block.floatOut[1], block.batch);
      }
    }
  }

  /**
   * {@link MixtureCdf#logDensity}: log p(z) for every scalar, in nats; m = 3K. In the second output, the single-precision kernel saves
   * numbers for its gradient. Serves the last flow, where training does not need u.
   */
  @Op(name = "tarflow_mixture_cdf_log_density", in = "z [.., D], theta [.., D, m]", out = "logDensity [.., D], saved [.., D, s]",
      gradient = MixtureCdfLogDensityOp.Gradient.class)
  public static final class MixtureCdfLogDensityOp extends RowsOp implements RowsOp.FloatRows {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      return new long[][] {inputs.get(0).shape(), saved(this, inputs, MixtureCdfBatch::savedDensityWidth)};
    }

    @Override
    protected void rows(Block block) {
      int width = block.perScalar(1);
      for (int i = 0; i < block.scalars(); i++) {
        block.out[0][i] = MixtureCdf.logDensity(block.in[0][i], block.in[1], i * width, width / 3, block.workspace);
      }
    }

    @Override
    public void floatRows(Block block) {
      MixtureCdfBatch.logDensity(block.floatIn[0], block.floatIn[1], block.scalars(), block.perScalar(1) / 3,
          block.floatOut[0], block.saved, block.batch);
    }

    /** The gradient. */
    @Op(name = "tarflow_mixture_cdf_log_density_bp", in = "z [.., D], theta [.., D, m], dLogDensity [.., D], saved [.., D, s]",
        out = "dz [.., D], dTheta [.., D, m]", unread = 2)
    public static final class Gradient extends RowsOp implements RowsOp.FloatRows {
      @Override
      protected void rows(Block block) {
        int width = block.perScalar(1);
        for (int i = 0; i < block.scalars(); i++) {
          block.out[0][i] = MixtureCdf.logDensityGradient(
              block.in[0][i], block.in[1], i * width, width / 3, block.in[2][i], block.out[1], i * width, block.workspace);
        }
      }

      @Override
      public void floatRows(Block block) {
        MixtureCdfBatch.logDensityGradient(block.saved, block.floatIn[2], block.scalars(), block.perScalar(1) / 3,
            block.floatOut[0], block.floatOut[1], block.batch);
      }
    }
  }
}
