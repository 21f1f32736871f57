package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.MixtureRosenblatt;

/**
 * {@link MixtureRosenblatt#inverse}, position by position: (u [.., d], logits [.., K], means [K, d], logScales [K]) to z [.., d].
 * For generation: no gradient.
 */
@Op(name = RosenblattInverseOp.NAME, sharedMeans = 2)
public final class RosenblattInverseOp extends RowsOp {
  static final String NAME = "tarflow_rosenblatt_inverse";

  public RosenblattInverseOp() {}

  public RosenblattInverseOp(SameDiff sd, SDVariable u, SDVariable logits, SDVariable means, SDVariable logScales) {
    super(sd, new SDVariable[] {u, logits, means, logScales});
  }

  public RosenblattInverseOp(INDArray u, INDArray logits, INDArray means, INDArray logScales) {
    super(new INDArray[] {u, logits, means, logScales});
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    RosenblattOp.checkInputs(NAME, inputs);
    return new long[][] {inputs.get(0).shape()};
  }

  @Override
  protected void rows(RowBlock block) {
    int dims = block.inWidth[0];
    int k = block.inWidth[1];
    for (int i = 0; i < block.count; i++) {
      MixtureRosenblatt.inverse(
          block.in[0], i * dims, block.in[1], i * k, block.components, block.out[0], i * dims, block.workspace);
    }
  }
}
