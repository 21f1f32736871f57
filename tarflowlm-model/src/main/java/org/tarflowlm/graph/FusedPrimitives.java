package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.tarflowlm.config.BlockMask;
import org.tarflowlm.ops.LinearOps.EluOp;
import org.tarflowlm.ops.LinearOps.FeedForwardOp;
import org.tarflowlm.ops.LinearOps.LinearOp;
import org.tarflowlm.ops.LinearOps.LinearResidualOp;
import org.tarflowlm.ops.LinearOps.MatmulOp;
import org.tarflowlm.ops.LinearOps.ReverseOp;
import org.tarflowlm.ops.MaskedLinearOps.MaskedInputsOp;
import org.tarflowlm.ops.MaskedLinearOps.MaskedLinearOp;
import org.tarflowlm.ops.MaskedLinearOps.MaskedResidualOp;
import org.tarflowlm.ops.TransformerOps.CausalAttentionOp;
import org.tarflowlm.ops.TransformerOps.CrossEntropyOp;
import org.tarflowlm.ops.TransformerOps.EmbeddingOp;
import org.tarflowlm.ops.TransformerOps.LayerNormOp;
import org.tarflowlm.ops.TransformerOps.ShiftPositionOp;

/** The transformer's building blocks as fused Java kernels, for FLOAT on the CPU. */
record FusedPrimitives(SameDiff sd) implements Primitives {
  @Override
  public SDVariable embedding(SDVariable table, SDVariable ids) {
    return new EmbeddingOp().in(sd, table, ids)[0];
  }

  @Override
  public SDVariable shiftPosition(SDVariable x, SDVariable start, SDVariable position) {
    return new ShiftPositionOp().in(sd, x, start, position)[0];
  }

  @Override
  public SDVariable matmul(SDVariable x, Matrix weight) {
    return new MatmulOp().in(sd, x, weight.value())[0];
  }

  @Override
  public SDVariable linear(SDVariable x, Matrix weight, SDVariable bias) {
    return new LinearOp().in(sd, x, weight.value(), bias)[0];
  }

  @Override
  public SDVariable linearResidual(SDVariable x, Matrix weight, SDVariable bias, SDVariable residual) {
    return new LinearResidualOp().in(sd, x, weight.value(), bias, residual)[0];
  }

  @Override
  public SDVariable maskedInputs(SDVariable x, int channels) {
    return new MaskedInputsOp().in(sd, x)[0];
  }

  @Override
  public SDVariable maskedLinear(SDVariable x, Matrix weight, BlockMask mask, SDVariable bias) {
    return new MaskedLinearOp(mask).in(sd, x, weight.value(), bias)[0];
  }

  @Override
  public SDVariable maskedResidual(SDVariable x, Matrix weight, BlockMask mask, SDVariable residual) {
    return new MaskedResidualOp(mask).in(sd, x, weight.value(), residual)[0];
  }

  @Override
  public SDVariable layerNorm(SDVariable x, SDVariable gain, SDVariable bias) {
    return new LayerNormOp().in(sd, x, gain, bias)[0];
  }

  @Override
  public SDVariable feedForward(SDVariable x, Matrix up, SDVariable upBias, Matrix down, SDVariable downBias, SDVariable residual) {
    return new FeedForwardOp().in(sd, x, up.value(), upBias, down.value(), downBias, residual)[0];
  }

  @Override
  public SDVariable reverse(SDVariable rows) {
    return new ReverseOp().in(sd, rows)[0];
  }

  @Override
  public SDVariable elu(SDVariable x) {
    return new EluOp().in(sd, x)[0];
  }

  @Override
  public SDVariable causalAttention(SDVariable qkv, int heads, int width) {
    return new CausalAttentionOp(heads).in(sd, qkv)[0];
  }

  @Override
  public SDVariable crossEntropy(SDVariable logits, SDVariable ids, int vocabSize) {
    return new CrossEntropyOp().in(sd, logits, ids)[0];
  }
}
