package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.Affine;
import org.tarflowlm.coupling.LogScaleBound;

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
   * {@link LogScaleBound} on a network's raw outputs: bounds the log-scales, which are the last {@code k} numbers per scalar, to
   * (-bound, bound) and copies the others.
   */
  @Op(name = "tarflow_bound_log_scales", in = "raw [.., D, m]", out = "theta [.., D, m]", gradient = BoundLogScalesOp.Gradient.class)
  public static final class BoundLogScalesOp extends RowsOp {
    /** An integer argument holds the bound in these units. */
    private static final double UNIT = 1e-6;

    public BoundLogScalesOp() {}

    /**
     * @param k log-scales per scalar: K for a mixture, 1 for the affine coupling
     * @param bound rounded to a multiple of 0.000001
     * @throws IllegalArgumentException if the rounded bound is below 0.000001
     */
    public BoundLogScalesOp(int k, double bound) {
      addIArgument(k, millionths(bound));
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
      INDArray raw = inputs.get(0);
      if (raw.size(-1) < argument(0)) {
        throw new IllegalArgumentException(
            opName() + ": raw has " + raw.size(-1) + " numbers per scalar; expected at least " + argument(0));
      }
      return super.outputShapes(inputs);
    }

    @Override
    protected void rows(Block block) {
      LogScaleBound.forward(block.in[0], block.count, block.inWidth[0], argument(0), argument(1) * UNIT, block.out[0]);
    }

    /** The gradient. */
    @Op(name = "tarflow_bound_log_scales_bp", in = "theta [.., D, m], dTheta [.., D, m]", out = "dRaw [.., D, m]")
    public static final class Gradient extends RowsOp {
      @Override
      protected void rows(Block block) {
        LogScaleBound.gradient(
            block.in[0], block.in[1], block.count, block.inWidth[0], argument(0), argument(1) * UNIT, block.out[0]);
      }
    }
  }
}
