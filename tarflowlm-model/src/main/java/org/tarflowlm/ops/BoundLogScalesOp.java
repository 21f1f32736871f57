package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Keeps the log-scales that a head predicts within bounds, so that no component collapses or explodes: raw [.., n], whose last k
 * numbers are log-scales, to the same with these replaced by bound * tanh(raw / bound).
 */
public final class BoundLogScalesOp extends RowsOp {
  static final String NAME = "tarflow_bound_log_scales";
  /** The bound travels as a whole number of thousandths. */
  private static final double UNITS = 1000;

  public BoundLogScalesOp() {}

  /**
   * @param raw a head's numbers, the last axis one scalar's: (shift, log-scale) or (logits, means, log-scales)
   * @param k log-scales at the end of the last axis
   */
  public BoundLogScalesOp(SameDiff sd, SDVariable raw, int k, double bound) {
    super(sd, new SDVariable[] {raw}, k, Math.round(bound * UNITS));
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
  protected long[][] outputShapes(List<INDArray> inputs) {
    return new long[][] {inputs.get(0).shape()};
  }

  @Override
  protected void rows(RowBlock block) {
    int width = block.inWidth[0];
    int from = width - argument(0);
    double bound = argument(1) / UNITS;
    for (int i = 0; i < block.count * width; i++) {
      double raw = block.in[0][i];
      block.out[0][i] = i % width < from ? raw : bound * Math.tanh(raw / bound);
    }
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of(new Gradient(sameDiff, arg(0), gradients.get(0), argument(0), argument(1)).outputVariable());
  }

  /** (raw, dL/dbounded) to dL/draw. */
  public static final class Gradient extends RowsOp {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable raw, SDVariable gradient, int k, int boundUnits) {
      super(sd, new SDVariable[] {raw, gradient}, k, boundUnits);
    }

    @Override
    public String opName() {
      return NAME + "_bp";
    }

    @Override
    public int getNumOutputs() {
      return 1;
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      return new long[][] {inputs.get(0).shape()};
    }

    @Override
    protected void rows(RowBlock block) {
      int width = block.inWidth[0];
      int from = width - argument(0);
      double bound = argument(1) / UNITS;
      for (int i = 0; i < block.count * width; i++) {
        double gradient = block.in[1][i];
        if (i % width >= from) {
          double tanh = Math.tanh(block.in[0][i] / bound);
          gradient *= 1 - tanh * tanh;
        }
        block.out[0][i] = gradient;
      }
    }
  }
}
