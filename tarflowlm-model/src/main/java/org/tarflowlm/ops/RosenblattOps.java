package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.MomentMatched;
import org.tarflowlm.coupling.batch.MixtureRosenblattBatch;
import org.tarflowlm.coupling.near.MixtureRosenblattNear;

/**
 * The couplings over shared components as ops: {@link MixtureRosenblatt} (Mix-d) forward and log-density, {@link MomentMatched} forward,
 * and their gradients.
 */
public final class RosenblattOps {
  private RosenblattOps() {}

  /** Checks (z [.., d], logits [.., K], means [K, d], logScales [K]); returns z's shape and that of its positions. */
  private static long[][] vectorsAndPositions(JavaOp op, List<INDArray> inputs) {
    long[] z = inputs.get(0).shape();
    long components = op.requireComponents(inputs, 2);
    op.require("logits", inputs.get(1), JavaOp.append(JavaOp.leading(z), components));
    return new long[][] {z, JavaOp.leading(z)};
  }

  /** An op whose first inputs are z [.., d] and logits [.., K], position by position. */
  abstract static class PositionsOp extends RowsOp {
    /** Position {@code i} of a block, whose numbers of the first two inputs begin at {@code at} and {@code logitsAt}. */
    abstract void position(RowBlock block, int i, int at, int logitsAt);

    @Override
    protected final void rows(RowBlock block) {
      for (int i = 0; i < block.count; i++) {
        position(block, i, i * block.inWidth[0], i * block.inWidth[1]);
      }
    }
  }

  /**
   * {@link MixtureRosenblatt} forward, position by position: (z [.., d], logits [.., K], means [K, d], logScales [K]) to
   * (u [.., d], log |det du/dz| [..]).
   */
  @Op(name = "tarflow_rosenblatt", outputs = 2, sharedMeans = 2, gradient = RosenblattOp.Gradient.class)
  public static final class RosenblattOp extends PositionsOp implements RowsOp.FloatRows {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      return vectorsAndPositions(this, inputs);
    }

    @Override
    void position(RowBlock block, int i, int at, int logitsAt) {
      MixtureRosenblatt.forward(block.in[0], at, block.in[1], logitsAt, block.components, block.out[0], at, block.workspace);
      block.out[1][i] = block.workspace.logDet();
    }

    @Override
    public void floatRows(RowBlock block) {
      float[] z = block.floatIn[0];
      float[] logits = block.floatIn[1];
      if (block.manyComponents()) {
        MixtureRosenblattNear.forward(z, logits, block.count, block.components, block.floatOut[0], block.floatOut[1], block.near);
      } else {
        MixtureRosenblattBatch.forward(z, logits, 0, block.count, block.components, block.floatOut[0], block.floatOut[1], block.batch);
      }
    }

    /** (z, logits, means, logScales, dL/du, dL/dlogDet) to the gradients of the first four. */
    @Op(name = "tarflow_rosenblatt_bp", outputs = 4, sharedMeans = 2, sharedGradients = true)
    public static final class Gradient extends PositionsOp implements RowsOp.FloatRows {
      @Override
      void position(RowBlock block, int i, int at, int logitsAt) {
        MixtureRosenblatt.gradient(block.in[0], at, block.in[1], logitsAt, block.components,
            block.in[4], at, block.in[5][i], block.out[0], at, block.out[1], logitsAt,
            block.dMeans, block.dLogScales, block.workspace);
      }

      @Override
      public void floatRows(RowBlock block) {
        float[][] in = block.floatIn;
        float[][] out = block.floatOut;
        if (block.manyComponents()) {
          MixtureRosenblattNear.gradient(in[0], in[1], block.count, block.components, in[4], in[5], out[0], out[1],
              block.dMeans, block.dLogScales, block.near);
        } else {
          MixtureRosenblattBatch.gradient(in[0], in[1], 0, block.count, block.components, in[4], in[5], out[0], out[1],
              block.dMeans, block.dLogScales, block.batch);
        }
      }
    }
  }

  /**
   * {@link MixtureRosenblatt#logDensity}, position by position: (z [.., d], logits [.., K], means [K, d], logScales [K]) to
   * log p(z) [..], nats. For the last flow, whose u is not needed.
   */
  @Op(name = "tarflow_rosenblatt_log_density", sharedMeans = 2, gradient = RosenblattLogDensityOp.Gradient.class)
  public static final class RosenblattLogDensityOp extends PositionsOp implements RowsOp.FloatRows {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      return new long[][] {vectorsAndPositions(this, inputs)[1]};
    }

    @Override
    void position(RowBlock block, int i, int at, int logitsAt) {
      block.out[0][i] =
          MixtureRosenblatt.logDensity(block.in[0], at, block.in[1], logitsAt, block.components, block.workspace);
    }

    @Override
    public void floatRows(RowBlock block) {
      float[] z = block.floatIn[0];
      float[] logits = block.floatIn[1];
      if (block.manyComponents()) {
        MixtureRosenblattNear.logDensity(z, logits, block.count, block.components, block.floatOut[0], block.near);
      } else {
        MixtureRosenblattBatch.logDensity(z, logits, block.count, block.components, block.floatOut[0], block.batch);
      }
    }

    /** (z, logits, means, logScales, dL/dlogDensity) to the gradients of the first four. */
    @Op(name = "tarflow_rosenblatt_log_density_bp", outputs = 4, sharedMeans = 2, sharedGradients = true)
    public static final class Gradient extends PositionsOp implements RowsOp.FloatRows {
      @Override
      void position(RowBlock block, int i, int at, int logitsAt) {
        MixtureRosenblatt.logDensityGradient(block.in[0], at, block.in[1], logitsAt, block.components, block.in[4][i],
            block.out[0], at, block.out[1], logitsAt, block.dMeans, block.dLogScales, block.workspace);
      }

      @Override
      public void floatRows(RowBlock block) {
        float[][] in = block.floatIn;
        float[][] out = block.floatOut;
        if (block.manyComponents()) {
          MixtureRosenblattNear.logDensityGradient(in[0], in[1], block.count, block.components, in[4], out[0], out[1],
              block.dMeans, block.dLogScales, block.near);
        } else {
          MixtureRosenblattBatch.logDensityGradient(in[0], in[1], block.count, block.components, in[4], out[0], out[1],
              block.dMeans, block.dLogScales, block.batch);
        }
      }
    }
  }

  /**
   * {@link MomentMatched} forward, position by position: (z [.., d], logits [.., K], means [K, d], logScales [K]) to
   * (u [.., d], log |det du/dz| [..]).
   */
  @Op(name = "tarflow_moment_matched", outputs = 2, sharedMeans = 2, gradient = MomentMatchedOp.Gradient.class)
  public static final class MomentMatchedOp extends PositionsOp {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      return vectorsAndPositions(this, inputs);
    }

    @Override
    void position(RowBlock block, int i, int at, int logitsAt) {
      MomentMatched.forward(block.in[0], at, block.in[1], logitsAt, block.components, block.out[0], at, block.workspace);
      block.out[1][i] = block.workspace.logDet();
    }

    /** (z, logits, means, logScales, dL/du, dL/dlogDet) to the gradients of the first four. */
    @Op(name = "tarflow_moment_matched_bp", outputs = 4, sharedMeans = 2, sharedGradients = true)
    public static final class Gradient extends PositionsOp {
      @Override
      void position(RowBlock block, int i, int at, int logitsAt) {
        MomentMatched.gradient(block.in[0], at, block.in[1], logitsAt, block.components,
            block.in[4], at, block.in[5][i], block.out[0], at, block.out[1], logitsAt,
            block.dMeans, block.dLogScales, block.workspace);
      }
    }
  }
}
