package org.tarflowlm.ops;

import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.MomentMatched;
import org.tarflowlm.coupling.batch.MixtureRosenblattBatch;
import org.tarflowlm.coupling.near.MixtureRosenblattNear;

/**
 * The couplings over shared components as ops: {@link MixtureRosenblatt} (Mix-d, paper section 3.2.2) forward and log-density, {@link
 * MomentMatched} forward, and their gradients.
 */
public final class RosenblattOps {
  private static final String INPUTS = "z [.., d], logits [.., K], component means [K, d], component log-scales [K]";
  private static final String GRADIENTS = "dz [.., d], dLogits [.., K], dMeans [K, d], dLogScales [K]";

  private RosenblattOps() {}

  /** An op that computes one position at a time; its first inputs are z [.., d] and logits [.., K]. */
  abstract static class PositionsOp extends RowsOp {
    /** Computes position {@code i} of a block. Its numbers begin at {@code at} in z and at {@code logitsAt} in the logits. */
    abstract void position(Block block, int i, int at, int logitsAt);

    @Override
    protected final void rows(Block block) {
      for (int i = 0; i < block.count; i++) {
        position(block, i, i * block.inWidth[0], i * block.inWidth[1]);
      }
    }
  }

  /** {@link MixtureRosenblatt} forward; logDet is log |det du/dz| in nats per position. */
  @Op(name = "tarflow_rosenblatt", in = INPUTS, out = "u [.., d], logDet [..]", gradient = RosenblattOp.Gradient.class)
  public static final class RosenblattOp extends PositionsOp implements RowsOp.FloatRows {
    @Override
    void position(Block block, int i, int at, int logitsAt) {
      MixtureRosenblatt.forward(block.in[0], at, block.in[1], logitsAt, block.components, block.out[0], at, block.workspace);
      block.out[1][i] = block.workspace.logDet();
    }

    @Override
    public void floatRows(Block block) {
      float[] z = block.floatIn[0];
      float[] logits = block.floatIn[1];
      if (block.manyComponents()) {
        MixtureRosenblattNear.forward(z, logits, block.count, block.components, block.floatOut[0], block.floatOut[1], block.near);
      } else {
        MixtureRosenblattBatch.forward(z, logits, 0, block.count, block.components, block.floatOut[0], block.floatOut[1], block.batch);
      }
    }

    /** The gradient. */
    @Op(name = "tarflow_rosenblatt_bp", in = INPUTS + ", du [.., d], dLogDet [..]", out = GRADIENTS)
    public static final class Gradient extends PositionsOp implements RowsOp.FloatRows {
      @Override
      void position(Block block, int i, int at, int logitsAt) {
        MixtureRosenblatt.gradient(block.in[0], at, block.in[1], logitsAt, block.components,
            block.in[4], at, block.in[5][i], block.out[0], at, block.out[1], logitsAt,
            block.dMeans, block.dLogScales, block.workspace);
      }

      @Override
      public void floatRows(Block block) {
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

  /** {@link MixtureRosenblatt#logDensity}: log p(z) in nats per position. Serves the last flow, where training does not need u. */
  @Op(name = "tarflow_rosenblatt_log_density", in = INPUTS, out = "logDensity [..]", gradient = RosenblattLogDensityOp.Gradient.class)
  public static final class RosenblattLogDensityOp extends PositionsOp implements RowsOp.FloatRows {
    @Override
    void position(Block block, int i, int at, int logitsAt) {
      block.out[0][i] =
          MixtureRosenblatt.logDensity(block.in[0], at, block.in[1], logitsAt, block.components, block.workspace);
    }

    @Override
    public void floatRows(Block block) {
      float[] z = block.floatIn[0];
      float[] logits = block.floatIn[1];
      if (block.manyComponents()) {
        MixtureRosenblattNear.logDensity(z, logits, block.count, block.components, block.floatOut[0], block.near);
      } else {
        MixtureRosenblattBatch.logDensity(z, logits, block.count, block.components, block.floatOut[0], block.batch);
      }
    }

    /** The gradient. */
    @Op(name = "tarflow_rosenblatt_log_density_bp", in = INPUTS + ", dLogDensity [..]", out = GRADIENTS)
    public static final class Gradient extends PositionsOp implements RowsOp.FloatRows {
      @Override
      void position(Block block, int i, int at, int logitsAt) {
        MixtureRosenblatt.logDensityGradient(block.in[0], at, block.in[1], logitsAt, block.components, block.in[4][i],
            block.out[0], at, block.out[1], logitsAt, block.dMeans, block.dLogScales, block.workspace);
      }

      @Override
      public void floatRows(Block block) {
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

  /** {@link MomentMatched} forward; logDet is log |det du/dz| in nats per position. */
  @Op(name = "tarflow_moment_matched", in = INPUTS, out = "u [.., d], logDet [..]", gradient = MomentMatchedOp.Gradient.class)
  public static final class MomentMatchedOp extends PositionsOp {
    @Override
    void position(Block block, int i, int at, int logitsAt) {
      MomentMatched.forward(block.in[0], at, block.in[1], logitsAt, block.components, block.out[0], at, block.workspace);
      block.out[1][i] = block.workspace.logDet();
    }

    /** The gradient. */
    @Op(name = "tarflow_moment_matched_bp", in = INPUTS + ", du [.., d], dLogDet [..]", out = GRADIENTS)
    public static final class Gradient extends PositionsOp {
      @Override
      void position(Block block, int i, int at, int logitsAt) {
        MomentMatched.gradient(block.in[0], at, block.in[1], logitsAt, block.components,
            block.in[4], at, block.in[5][i], block.out[0], at, block.out[1], logitsAt,
            block.dMeans, block.dLogScales, block.workspace);
      }
    }
  }
}
