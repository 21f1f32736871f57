package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.Affine;

/** {@link Affine#inverse}, scalar by scalar: (u [.., D], theta [.., D, 2]) to z [.., D]. For generation: no gradient. */
@Op(name = AffineInverseOp.NAME)
public final class AffineInverseOp extends RowsOp {
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
