package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.MomentMatched;
import org.tarflowlm.ops.RosenblattOps.RosenblattOp;

/**
 * {@link MomentMatched} forward, position by position: (z [.., d], logits [.., K], means [K, d], logScales [K]) to
 * (u [.., d], log |det du/dz| [..]).
 */
@Op(name = MomentMatchedOp.NAME, outputs = 2, sharedMeans = 2)
public final class MomentMatchedOp extends RowsOp {
  static final String NAME = "tarflow_moment_matched";

  public MomentMatchedOp() {}

  public MomentMatchedOp(SameDiff sd, SDVariable z, SDVariable logits, SDVariable means, SDVariable logScales) {
    super(sd, new SDVariable[] {z, logits, means, logScales});
  }

  public MomentMatchedOp(INDArray z, INDArray logits, INDArray means, INDArray logScales) {
    super(new INDArray[] {z, logits, means, logScales});
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    long[] z = inputs.get(0).shape();
    RosenblattOp.checkInputs(NAME, inputs);
    return new long[][] {z, Shapes.leading(z)};
  }

  @Override
  protected void rows(RowBlock block) {
    int dims = block.inWidth[0];
    int k = block.inWidth[1];
    for (int i = 0; i < block.count; i++) {
      MomentMatched.forward(
          block.in[0], i * dims, block.in[1], i * k, block.components, block.out[0], i * dims, block.workspace);
      block.out[1][i] = block.workspace.logDet();
    }
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of(
        new Gradient(sameDiff, arg(0), arg(1), arg(2), arg(3), gradients.get(0), gradients.get(1)).outputVariables());
  }

  /** (z, logits, means, logScales, dL/du, dL/dlogDet) to the gradients of the first four. */
  @Op(name = MomentMatchedOp.NAME + "_bp", outputs = 4, sharedMeans = 2, sharedGradients = true)
  public static final class Gradient extends RowsOp {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable... inputs) {
      super(sd, inputs);
    }

    @Override
    protected void rows(RowBlock block) {
      int dims = block.inWidth[0];
      int k = block.inWidth[1];
      for (int i = 0; i < block.count; i++) {
        MomentMatched.gradient(block.in[0], i * dims, block.in[1], i * k, block.components,
            block.in[4], i * dims, block.in[5][i], block.out[0], i * dims, block.out[1], i * k,
            block.dMeans, block.dLogScales, block.workspace);
      }
    }
  }
}
