package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.batch.MixtureRosenblattBatch;
import org.tarflowlm.coupling.near.MixtureRosenblattNear;

/** {@link MixtureRosenblatt} (Mix-d) as ops: forward, log-density, inverse, and the gradients of the first two. */
public final class RosenblattOps {
  private RosenblattOps() {}

  /**
   * {@link MixtureRosenblatt} forward, position by position: (z [.., d], logits [.., K], means [K, d], logScales [K]) to
   * (u [.., d], log |det du/dz| [..]).
   */
  @Op(name = RosenblattOp.NAME, outputs = 2, sharedMeans = 2)
  public static final class RosenblattOp extends RowsOp implements FloatRows {
    static final String NAME = "tarflow_rosenblatt";

    public RosenblattOp() {}

    public RosenblattOp(SameDiff sd, SDVariable z, SDVariable logits, SDVariable means, SDVariable logScales) {
      super(sd, new SDVariable[] {z, logits, means, logScales});
    }

    public RosenblattOp(INDArray z, INDArray logits, INDArray means, INDArray logScales) {
      super(new INDArray[] {z, logits, means, logScales});
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      long[] z = inputs.get(0).shape();
      checkInputs(NAME, inputs);
      return new long[][] {z, Shapes.leading(z)};
    }

    /** Checks (z or u [.., d], logits [.., K], means [K, d], logScales [K]). */
    static void checkInputs(String op, List<INDArray> inputs) {
      long components = Shapes.requireComponents(op, inputs, 2);
      Shapes.require(op, "logits", inputs.get(1), Shapes.append(Shapes.leading(inputs.get(0).shape()), components));
    }

    @Override
    protected void rows(RowBlock block) {
      int dims = block.inWidth[0];
      int k = block.inWidth[1];
      for (int i = 0; i < block.count; i++) {
        MixtureRosenblatt.forward(
            block.in[0], i * dims, block.in[1], i * k, block.components, block.out[0], i * dims, block.workspace);
        block.out[1][i] = block.workspace.logDet();
      }
    }

    @Override
    public void floatRows(RowBlock block) {
      if (block.manyComponents()) {
        MixtureRosenblattNear.forward(block.floatIn[0], block.floatIn[1], block.count, block.components, block.floatOut[0],
            block.floatOut[1], block.near);
      } else {
        MixtureRosenblattBatch.forward(block.floatIn[0], block.floatIn[1], 0, block.count, block.components, block.floatOut[0],
            block.floatOut[1], block.batch);
      }
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
      return List.of(
          new Gradient(sameDiff, arg(0), arg(1), arg(2), arg(3), gradients.get(0), gradients.get(1)).outputVariables());
    }

    /** (z, logits, means, logScales, dL/du, dL/dlogDet) to the gradients of the first four. */
    @Op(name = RosenblattOp.NAME + "_bp", outputs = 4, sharedMeans = 2, sharedGradients = true)
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
          MixtureRosenblatt.gradient(block.in[0], i * dims, block.in[1], i * k, block.components,
              block.in[4], i * dims, block.in[5][i], block.out[0], i * dims, block.out[1], i * k,
              block.dMeans, block.dLogScales, block.workspace);
        }
      }

      @Override
      public void floatRows(RowBlock block) {
        if (block.manyComponents()) {
          MixtureRosenblattNear.gradient(block.floatIn[0], block.floatIn[1], block.count, block.components, block.floatIn[4],
              block.floatIn[5], block.floatOut[0], block.floatOut[1], block.dMeans, block.dLogScales, block.near);
        } else {
          MixtureRosenblattBatch.gradient(block.floatIn[0], block.floatIn[1], 0, block.count, block.components, block.floatIn[4],
              block.floatIn[5], block.floatOut[0], block.floatOut[1], block.dMeans, block.dLogScales, block.batch);
        }
      }
    }
  }

  /**
   * {@link MixtureRosenblatt#logDensity}, position by position: (z [.., d], logits [.., K], means [K, d], logScales [K]) to
   * log p(z) [..], nats. For the last flow, whose u is not needed.
   */
  @Op(name = RosenblattLogDensityOp.NAME, sharedMeans = 2)
  public static final class RosenblattLogDensityOp extends RowsOp implements FloatRows {
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
      if (block.manyComponents()) {
        MixtureRosenblattNear.logDensity(block.floatIn[0], block.floatIn[1], block.count, block.components, block.floatOut[0], block.near);
      } else {
        MixtureRosenblattBatch.logDensity(block.floatIn[0], block.floatIn[1], block.count, block.components, block.floatOut[0],
            block.batch);
      }
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
        if (block.manyComponents()) {
          MixtureRosenblattNear.logDensityGradient(block.floatIn[0], block.floatIn[1], block.count, block.components, block.floatIn[4],
              block.floatOut[0], block.floatOut[1], block.dMeans, block.dLogScales, block.near);
        } else {
          MixtureRosenblattBatch.logDensityGradient(block.floatIn[0], block.floatIn[1], block.count, block.components, block.floatIn[4],
              block.floatOut[0], block.floatOut[1], block.dMeans, block.dLogScales, block.batch);
        }
      }
    }
  }

  /**
   * {@link MixtureRosenblatt#inverse}, position by position: (u [.., d], logits [.., K], means [K, d], logScales [K]) to z [.., d].
   * For generation: no gradient.
   */
  @Op(name = RosenblattInverseOp.NAME, sharedMeans = 2)
  public static final class RosenblattInverseOp extends RowsOp {
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
}
