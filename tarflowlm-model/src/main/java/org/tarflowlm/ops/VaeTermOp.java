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
public final class VaeTermOp extends RowsOp {
  static final String NAME = "tarflow_vae_term";

  public VaeTermOp() {}

  public VaeTermOp(SameDiff sd, SDVariable z, SDVariable means, SDVariable logScales) {
    super(sd, new SDVariable[] {z, means, logScales});
  }

  public VaeTermOp(INDArray z, INDArray means, INDArray logScales) {
    super(new INDArray[] {z, means, logScales});
  }

  @Override
  public String opName() {
    return NAME;
  }

  @Override
  public int getNumOutputs() {
    return 1;
  }

  @Override
  protected int sharedMeans() {
    return 1;
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
  protected boolean hasFloatRows() {
    return true;
  }

  @Override
  protected void floatRows(RowBlock block) {
    CodebookLanes.vaeTerm(block.floatIn[0], block.count, block.components, block.floatOut[0], block.lanes);
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of(new Gradient(sameDiff, arg(0), arg(1), arg(2), gradients.get(0)).outputVariables());
  }

  /** (z, means, logScales, dL/dterm) to the gradients of the first three. */
  public static final class Gradient extends RowsOp {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable... inputs) {
      super(sd, inputs);
    }

    @Override
    public String opName() {
      return NAME + "_bp";
    }

    @Override
    public int getNumOutputs() {
      return 3;
    }

    @Override
    protected int sharedMeans() {
      return 1;
    }

    @Override
    protected boolean sharedGradients() {
      return true;
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      return new long[][] {inputs.get(0).shape(), inputs.get(1).shape(), inputs.get(2).shape()};
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
    protected boolean hasFloatRows() {
      return true;
    }

    @Override
    protected void floatRows(RowBlock block) {
      CodebookLanes.vaeTermGradient(block.floatIn[0], block.count, block.components, block.floatIn[3],
          block.floatOut[0], block.dMeans, block.dLogScales, block.lanes);
    }
  }
}
