package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.Codebook;

/**
 * {@link Codebook#logPosterior}, position by position: (z [.., d], means [V, d], logScales [V]) to log p(k | z) [.., V], nats.
 */
@Op(name = LogPosteriorOp.NAME, sharedMeans = 1)
public final class LogPosteriorOp extends RowsOp {
  static final String NAME = "tarflow_log_posterior";

  public LogPosteriorOp() {}

  public LogPosteriorOp(SameDiff sd, SDVariable z, SDVariable means, SDVariable logScales) {
    super(sd, new SDVariable[] {z, means, logScales});
  }

  public LogPosteriorOp(INDArray z, INDArray means, INDArray logScales) {
    super(new INDArray[] {z, means, logScales});
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    long tokens = Shapes.requireComponents(NAME, inputs, 1);
    return new long[][] {Shapes.append(Shapes.leading(inputs.get(0).shape()), tokens)};
  }

  @Override
  protected void rows(RowBlock block) {
    int dims = block.inWidth[0];
    int tokens = block.outWidth[0];
    for (int i = 0; i < block.count; i++) {
      Codebook.logPosterior(block.in[0], i * dims, block.components, block.out[0], i * tokens, block.workspace);
    }
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    return List.of(new Gradient(sameDiff, arg(0), arg(1), arg(2), gradients.get(0)).outputVariables());
  }

  /** (z, means, logScales, dL/dlogPosterior) to the gradients of the first three. */
  @Op(name = LogPosteriorOp.NAME + "_bp", outputs = 3, sharedMeans = 1, sharedGradients = true)
  public static final class Gradient extends RowsOp {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable... inputs) {
      super(sd, inputs);
    }

    @Override
    protected void rows(RowBlock block) {
      int dims = block.inWidth[0];
      int tokens = block.inWidth[3];
      for (int i = 0; i < block.count; i++) {
        Codebook.logPosteriorGradient(block.in[0], i * dims, block.components, block.in[3], i * tokens,
            block.out[0], i * dims, block.dMeans, block.dLogScales, block.workspace);
      }
    }
  }
}
