package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.LogScaleBound;

/**
 * {@link LogScaleBound} on a network's raw outputs: raw [.., D, m] to theta [.., D, m], whose last {@code k} numbers per scalar are
 * log-scales bounded to (-bound, bound); the others pass unchanged.
 */
@Op(name = BoundLogScalesOp.NAME)
public final class BoundLogScalesOp extends RowsOp {
  static final String NAME = "tarflow_bound_log_scales";
  /** The bound travels as a whole number of millionths. */
  private static final double UNIT = 1e-6;

  public BoundLogScalesOp() {}

  /**
   * @param k log-scales per scalar: K of a mixture, 1 of the affine coupling
   * @param bound at least 0.000001, to which it is rounded
   */
  public BoundLogScalesOp(SameDiff sd, SDVariable raw, int k, double bound) {
    super(sd, new SDVariable[] {raw}, k, millionths(bound));
  }

  /** Like the other constructor, with arrays. */
  public BoundLogScalesOp(INDArray raw, int k, double bound) {
    super(new INDArray[] {raw}, k, millionths(bound));
  }

  private static long millionths(double bound) {
    long result = Math.round(bound / UNIT);
    if (result < 1) {
      throw new IllegalArgumentException(NAME + ": expected a bound of at least 0.000001, found " + bound);
    }
    return result;
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    INDArray raw = inputs.get(0);
    if (raw.size(-1) < argument(0)) {
      throw new IllegalArgumentException(
          NAME + ": expected at least " + argument(0) + " numbers per scalar, found " + raw.size(-1));
    }
    return new long[][] {raw.shape()};
  }

  @Override
  protected void rows(RowBlock block) {
    LogScaleBound.forward(block.in[0], block.count, block.inWidth[0], argument(0), argument(1) * UNIT, block.out[0]);
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of(new Gradient(sameDiff, outputVariable(), gradients.get(0), argument(0), argument(1)).outputVariables());
  }

  /** (theta, dL/dtheta) to dL/draw. */
  @Op(name = BoundLogScalesOp.NAME + "_bp")
  public static final class Gradient extends RowsOp {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable theta, SDVariable gradient, long k, long millionths) {
      super(sd, new SDVariable[] {theta, gradient}, k, millionths);
    }

    @Override
    protected void rows(RowBlock block) {
      LogScaleBound.gradient(
          block.in[0], block.in[1], block.count, block.inWidth[0], argument(0), argument(1) * UNIT, block.out[0]);
    }
  }
}
