package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.MixtureCdf;

/** {@link MixtureCdf#inverse}, scalar by scalar: (u [.., D], theta [.., D, 3K]) to z [.., D]. For generation: no gradient. */
@Op(name = MixtureCdfInverseOp.NAME)
public final class MixtureCdfInverseOp extends RowsOp {
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
