package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** x [.., n] with its last axis from end to start. M2.1's own op loses some hundred bytes of native memory for every row of every call. */
@Op(name = "tarflow_reverse")
public final class ReverseOp extends RowsOp implements FloatRows {
  public ReverseOp() {}

  public ReverseOp(SameDiff sd, SDVariable x) {
    super(sd, new SDVariable[] {x});
  }

  public ReverseOp(INDArray x) {
    super(new INDArray[] {x});
  }

  @Override
  protected void rows(RowBlock block) {
    int n = block.inWidth[0];
    for (int row = 0; row < block.count; row++) {
      for (int j = 0; j < n; j++) {
        block.out[0][row * n + j] = block.in[0][row * n + n - 1 - j];
      }
    }
  }

  @Override
  public void floatRows(RowBlock block) {
    int n = block.inWidth[0];
    for (int row = 0; row < block.count; row++) {
      for (int j = 0; j < n; j++) {
        block.floatOut[0][row * n + j] = block.floatIn[0][row * n + n - 1 - j];
      }
    }
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of(new ReverseOp(sameDiff, gradients.get(0)).outputVariable());
  }
}
