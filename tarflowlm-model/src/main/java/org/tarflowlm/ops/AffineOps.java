package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.Affine;

/** {@link Affine} as ops: forward, log-density, inverse, and the gradients of the first two. */
public final class AffineOps {
  private AffineOps() {}

  /**
   * {@link Affine} forward, scalar by scalar: (z [.., D], theta [.., D, 2], each [shift, logScale]) to
   * (u [.., D], log |du/dz| [.., D]).
   */
  @Op(name = AffineOp.NAME, outputs = 2)
  public static final class AffineOp extends RowsOp {
    static final String NAME = "tarflow_affine";

    public AffineOp() {}

    public AffineOp(SameDiff sd, SDVariable z, SDVariable theta) {
      super(sd, new SDVariable[] {z, theta});
    }

    public AffineOp(INDArray z, INDArray theta) {
      super(new INDArray[] {z, theta});
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      long[] z = inputs.get(0).shape();
      Shapes.require(NAME, "theta", inputs.get(1), Shapes.append(z, 2));
      return new long[][] {z, z};
    }

    @Override
    protected void rows(RowBlock block) {
      double[] theta = block.in[1];
      for (int i = 0; i < block.count * block.inWidth[0]; i++) {
        block.out[0][i] = Affine.forward(block.in[0][i], theta[2 * i], theta[2 * i + 1]);
        block.out[1][i] = Affine.logDet(theta[2 * i + 1]);
      }
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
      return List.of(new Gradient(sameDiff, arg(0), arg(1), gradients.get(0), gradients.get(1)).outputVariables());
    }

    /** (z, theta, dL/du, dL/dlogDet) to (dL/dz, dL/dtheta). */
    @Op(name = AffineOp.NAME + "_bp", outputs = 2)
    public static final class Gradient extends RowsOp {
      public Gradient() {}

      Gradient(SameDiff sd, SDVariable z, SDVariable theta, SDVariable a, SDVariable b) {
        super(sd, new SDVariable[] {z, theta, a, b});
      }

      @Override
      protected void rows(RowBlock block) {
        double[] theta = block.in[1];
        double[] a = block.in[2];
        double[] b = block.in[3];
        for (int i = 0; i < block.count * block.inWidth[0]; i++) {
          block.out[0][i] =
              Affine.gradient(block.in[0][i], theta[2 * i], theta[2 * i + 1], a[i], b[i], block.out[1], 2 * i);
        }
      }
    }
  }

  /** {@link Affine#logDensity}, scalar by scalar: (z [.., D], theta [.., D, 2]) to log p(z) [.., D], nats. */
  @Op(name = AffineLogDensityOp.NAME)
  public static final class AffineLogDensityOp extends RowsOp {
    static final String NAME = "tarflow_affine_log_density";

    public AffineLogDensityOp() {}

    public AffineLogDensityOp(SameDiff sd, SDVariable z, SDVariable theta) {
      super(sd, new SDVariable[] {z, theta});
    }

    public AffineLogDensityOp(INDArray z, INDArray theta) {
      super(new INDArray[] {z, theta});
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      long[] z = inputs.get(0).shape();
      Shapes.require(NAME, "theta", inputs.get(1), Shapes.append(z, 2));
      return new long[][] {z};
    }

    @Override
    protected void rows(RowBlock block) {
      double[] theta = block.in[1];
      for (int i = 0; i < block.count * block.inWidth[0]; i++) {
        block.out[0][i] = Affine.logDensity(block.in[0][i], theta[2 * i], theta[2 * i + 1]);
      }
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
      return List.of(new Gradient(sameDiff, arg(0), arg(1), gradients.get(0)).outputVariables());
    }

    /** (z, theta, dL/dlogDensity) to (dL/dz, dL/dtheta). */
    @Op(name = AffineLogDensityOp.NAME + "_bp", outputs = 2)
    public static final class Gradient extends RowsOp {
      public Gradient() {}

      Gradient(SameDiff sd, SDVariable z, SDVariable theta, SDVariable b) {
        super(sd, new SDVariable[] {z, theta, b});
      }

      @Override
      protected void rows(RowBlock block) {
        double[] theta = block.in[1];
        for (int i = 0; i < block.count * block.inWidth[0]; i++) {
          block.out[0][i] = Affine.logDensityGradient(
              block.in[0][i], theta[2 * i], theta[2 * i + 1], block.in[2][i], block.out[1], 2 * i);
        }
      }
    }
  }

  /** {@link Affine#inverse}, scalar by scalar: (u [.., D], theta [.., D, 2]) to z [.., D]. For generation: no gradient. */
  @Op(name = AffineInverseOp.NAME)
  public static final class AffineInverseOp extends RowsOp {
    static final String NAME = "tarflow_affine_inverse";

    public AffineInverseOp() {}

    public AffineInverseOp(SameDiff sd, SDVariable u, SDVariable theta) {
      super(sd, new SDVariable[] {u, theta});
    }

    public AffineInverseOp(INDArray u, INDArray theta) {
      super(new INDArray[] {u, theta});
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      long[] u = inputs.get(0).shape();
      Shapes.require(NAME, "theta", inputs.get(1), Shapes.append(u, 2));
      return new long[][] {u};
    }

    @Override
    protected void rows(RowBlock block) {
      double[] theta = block.in[1];
      for (int i = 0; i < block.count * block.inWidth[0]; i++) {
        block.out[0][i] = Affine.inverse(block.in[0][i], theta[2 * i], theta[2 * i + 1]);
      }
    }
  }
}
