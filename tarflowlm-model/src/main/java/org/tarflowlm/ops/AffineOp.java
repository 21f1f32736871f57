package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.Affine;

/**
 * {@link Affine} forward, scalar by scalar: (z [.., D], theta [.., D, 2], each [shift, logScale]) to
 * (u [.., D], log |du/dz| [.., D]).
 */
@Op(name = AffineOp.NAME, outputs = 2)
public final class AffineOp extends RowsOp {
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
