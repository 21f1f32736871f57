package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.RosenblattLanes;

/**
 * {@link MixtureRosenblatt#logDensity}, position by position: (z [.., d], logits [.., K], means [K, d], logScales [K]) to
 * log p(z) [..], nats. For the last flow, whose u is not needed.
 */
@Op(name = RosenblattLogDensityOp.NAME, sharedMeans = 2)
public final class RosenblattLogDensityOp extends RowsOp implements FloatRows {
  static final String NAME = "tarflow_rosenblatt_log_density";

  public RosenblattLogDensityOp() {}

  public RosenblattLogDensityOp(SameDiff sd, SDVariable z, SDVariable logits, SDVariable means, SDVariable logScales) {
    super(sd, new SDVariable[] {z, logits, means, logScales});
  }

  public RosenblattLogDensityOp(INDArray z, INDArray logits, INDArray means, INDArray logScales) {
    super(new INDArray[] {z, logits, means, logScales});
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    RosenblattOp.checkInputs(NAME, inputs);
    return new long[][] {Shapes.leading(inputs.get(0).shape())};
  }

  @Override
  protected void rows(RowBlock block) {
    int dims = block.inWidth[0];
    int k = block.inWidth[1];
    for (int i = 0; i < block.count; i++) {
      block.out[0][i] =
          MixtureRosenblatt.logDensity(block.in[0], i * dims, block.in[1], i * k, block.components, block.workspace);
    }
  }

  @Override
  public void floatRows(RowBlock block) {
    RosenblattLanes.logDensity(block.floatIn[0], block.floatIn[1], block.count, block.components, block.floatOut[0], block.lanes);
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of(new Gradient(sameDiff, arg(0), arg(1), arg(2), arg(3), gradients.get(0)).outputVariables());
  }

  /** (z, logits, means, logScales, dL/dlogDensity) to the gradients of the first four. */
  @Op(name = RosenblattLogDensityOp.NAME + "_bp", outputs = 4, sharedMeans = 2, sharedGradients = true)
  public static final class Gradient extends RowsOp implements FloatRows {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable... inputs) {
      super(sd, inputs);
    }

    @Override
    protected void rows(RowBlock block) {
      int dims = block.inWidth[0];
      int k = block.inWidth[1];
      for (int i = 0; i < block.count; i++) {
        MixtureRosenblatt.logDensityGradient(block.in[0], i * dims, block.in[1], i * k, block.components, block.in[4][i],
            block.out[0], i * dims, block.out[1], i * k, block.dMeans, block.dLogScales, block.workspace);
      }
    }

    @Override
    public void floatRows(RowBlock block) {
      RosenblattLanes.logDensityGradient(block.floatIn[0], block.floatIn[1], block.count, block.components, block.floatIn[4],
          block.floatOut[0], block.floatOut[1], block.dMeans, block.dLogScales, block.lanes);
    }
  }
}
