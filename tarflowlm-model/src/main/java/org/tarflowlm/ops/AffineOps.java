package org.tarflowlm.ops;

import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.Affine;
import org.tarflowlm.coupling.LogScaleBound;
import org.tarflowlm.coupling.batch.LogScaleBoundBatch;

/** {@link Affine} as ops: forward, log-density and their gradients. Also {@link LogScaleBound}, which every scalar coupling uses. */
public final class AffineOps {
  private AffineOps() {}

  /** {@link Affine} forward for every scalar, with theta = [shift, logScale]; logDet is log |du/dz|, nats per scalar. */
  @Op(name = "tarflow_affine", in = "z [.., D], theta [.., D, 2]", out = "u [.., D], logDet [.., D]", gradient = AffineOp.Gradient.class)
  public static final class AffineOp extends RowsOp {
    @Override
    protected void rows(Block block) {
      double[] theta = block.in[1];
      for (int i = 0; i < block.scalars(); i++) {
        block.out[0][i] = Affine.forward(block.in[0][i], theta[2 * i], theta[2 * i + 1]);
        block.out[1][i] = Affine.logDet(theta[2 * i + 1]);
      }
    }

    /** The gradient. */
    @Op(name = "tarflow_affine_bp", in = "z [.., D], theta [.., D, 2], du [.., D], dLogDet [.., D]",
        out = "dz [.., D], dTheta [.., D, 2]")
    public static final class Gradient extends RowsOp {
      @Override
      protected void rows(Block block) {
        double[] theta = block.in[1];
        for (int i = 0; i < block.scalars(); i++) {
          block.out[0][i] =
              Affine.gradient(block.in[0][i], theta[2 * i], theta[2 * i + 1], block.in[2][i], block.in[3][i], block.out[1], 2 * i);
        }
      }
    }
  }

  /** {@link Affine#logDensity}: log p(z) for every scalar, in nats. */
  @Op(name = "tarflow_affine_log_density", in = "z [.., D], theta [.., D, 2]", out = "logDensity [.., D]",
      gradient = AffineLogDensityOp.Gradient.class)
  public static final class AffineLogDensityOp extends RowsOp {
    @Override
    protected void rows(Block block) {
      double[] theta = block.in[1];
      for (int i = 0; i < block.scalars(); i++) {
        block.out[0][i] = Affine.logDensity(block.in[0][i], theta[2 * i], theta[2 * i + 1]);
      }
    }

    /** The gradient. */
    @Op(name = "tarflow_affine_log_density_bp", in = "z [.., D], theta [.., D, 2], dLogDensity [.., D]",
        out = "dz [.., D], dTheta [.., D, 2]")
    public static final class Gradient extends RowsOp {
      @Override
      protected void rows(Block block) {
        double[] theta = block.in[1];
        for (int i = 0; i < block.scalars(); i++) {
          block.out[0][i] = Affine.logDensityGradient(
              block.in[0][i], theta[2 * i], theta[2 * i + 1], block.in[2][i], block.out[1], 2 * i);
        }
      }
    }
  }

  /**
   * {@link LogScaleBound} on a network's raw outputs, n = D m: bounds the log-scales, which are the last {@code k} of each m numbers, to
   * (-bound, bound) and copies the others.
   */
  @Op(name = "tarflow_bound_log_scales", in = "raw [.., n]", out = "theta [.., D, m]", gradient = BoundLogScalesOp.Gradient.class)
  public static final class BoundLogScalesOp extends RowsOp implements RowsOp.FloatRows {
    /** An integer argument holds the bound in these units. */
    private static final double UNIT = 1e-6;

    public BoundLogScalesOp() {}

    /**
     * @param m numbers per scalar
     * @param k log-scales per scalar: K for a mixture, 1 for the affine coupling
     * @param bound rounded to a multiple of 0.000001
     * @throws IllegalArgumentException if the rounded bound is below 0.000001
     */
    public BoundLogScalesOp(int m, int k, double bound) {
      addIArgument(m, k, millionths(bound));
    }

    private static long millionths(double bound) {
      long result = Math.round(bound / UNIT);
      if (result < 1) {
        throw new IllegalArgumentException("tarflow_bound_log_scales: bound is " + bound + "; expected at least 0.000001");
      }
      return result;
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      long[] raw = inputs.get(0).shape();
      int m = argument(0);
      int last = raw.length - 1;
      if (raw[last] % m != 0 || m < argument(1)) {
        throw new IllegalArgumentException(opName() + ": raw has " + raw[last] + " numbers, " + m + " per scalar, of which "
            + argument(1) + " are log-scales; expected a multiple of " + m + ", and no more log-scales than numbers");
      }
      long[] theta = Arrays.copyOf(raw, raw.length + 1);
      theta[last] = raw[last] / m;
      theta[last + 1] = m;
      return new long[][] {theta};
    }

    @Override
    protected void rows(Block block) {
      LogScaleBound.forward(block.in[0], block.scalars() / argument(0), argument(0), argument(1), argument(2) * UNIT, block.out[0]);
    }

    @Override
    public void floatRows(Block block) {
      LogScaleBoundBatch.forward(block.floatIn[0], block.scalars() / argument(0), argument(0), argument(1),
          (float) (argument(2) * UNIT), block.floatOut[0], block.batch);
    }

    /** The gradient. */
    @Op(name = "tarflow_bound_log_scales_bp", in = "theta [.., D, m], dTheta [.., D, m]", out = "dRaw [.., n]")
    public static final class Gradient extends RowsOp implements RowsOp.FloatRows {
      @Override
      protected long[][] outputShapes(List<INDArray> inputs) {
        long[] theta = inputs.get(0).shape();
        long[] raw = Arrays.copyOf(theta, theta.length - 1);
        raw[raw.length - 1] *= argument(0);
        return new long[][] {raw};
      }

      @Override
      protected void rows(Block block) {
        LogScaleBound.gradient(
            block.in[0], block.in[1], block.count, argument(0), argument(1), argument(2) * UNIT, block.out[0]);
      }

      @Override
      public void floatRows(Block block) {
        LogScaleBoundBatch.gradient(block.floatIn[0], block.floatIn[1], block.count, argument(0), argument(1),
            (float) (argument(2) * UNIT), block.floatOut[0], block.batch);
      }
    }
  }
}
