package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.CodebookLanes;

/**
 * {@link Codebook#vaeTerm}, position by position: (z [.., d], means [V, d], logScales [V]) to
 * log p(x | z) - log q(z | x) [..], nats.
 */
@Op(name = VaeTermOp.NAME, sharedMeans = 1)
public final class VaeTermOp extends RowsOp implements FloatRows {
  static final String NAME = "tarflow_vae_term";

  public VaeTermOp() {}

  public VaeTermOp(SameDiff sd, SDVariable z, SDVariable means, SDVariable logScales) {
    super(sd, new SDVariable[] {z, means, logScales});
  }

  public VaeTermOp(INDArray z, INDArray means, INDArray logScales) {
    super(new INDArray[] {z, means, logScales});
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    Shapes.requireComponents(NAME, inputs, 1);
    return new long[][] {Shapes.leading(inputs.get(0).shape())};
  }

  @Override
  protected void rows(RowBlock block) {
    for (int i = 0; i < block.count; i++) {
      block.out[0][i] = Codebook.vaeTerm(block.in[0], i * block.inWidth[0], block.components, block.workspace);
    }
  }

  @Override
  public void floatRows(RowBlock block) {
    CodebookLanes.vaeTerm(block.floatIn[0], block.count, block.components, block.floatOut[0], block.lanes);
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of(new Gradient(sameDiff, arg(0), arg(1), arg(2), gradients.get(0)).outputVariables());
  }

  /** (z, means, logScales, dL/dterm) to the gradients of the first three. */
  @Op(name = VaeTermOp.NAME + "_bp", outputs = 3, sharedMeans = 1, sharedGradients = true)
  public static final class Gradient extends RowsOp implements FloatRows {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable... inputs) {
      super(sd, inputs);
    }

    @Override
    protected void rows(RowBlock block) {
      int dims = block.inWidth[0];
      for (int i = 0; i < block.count; i++) {
        Codebook.vaeTermGradient(block.in[0], i * dims, block.components, block.in[3][i],
            block.out[0], i * dims, block.dMeans, block.dLogScales, block.workspace);
      }
    }

    @Override
    public void floatRows(RowBlock block) {
      CodebookLanes.vaeTermGradient(block.floatIn[0], block.count, block.components, block.floatIn[3],
          block.floatOut[0], block.dMeans, block.dLogScales, block.lanes);
    }
  }
}
