package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.Affine;

/** {@link Affine#logDensity}, scalar by scalar: (z [.., D], theta [.., D, 2]) to log p(z) [.., D], nats. */
@Op(name = AffineLogDensityOp.NAME)
public final class AffineLogDensityOp extends RowsOp {
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
