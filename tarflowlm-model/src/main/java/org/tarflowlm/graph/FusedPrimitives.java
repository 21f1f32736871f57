package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.tarflowlm.ops.FeedForwardOps.BiasGeluOp;
import org.tarflowlm.ops.FeedForwardOps.EluOp;
import org.tarflowlm.ops.FeedForwardOps.FeedForwardOp;
import org.tarflowlm.ops.LinearOps.LinearOp;
import org.tarflowlm.ops.LinearOps.LinearResidualOp;
import org.tarflowlm.ops.LinearOps.MatmulOp;
import org.tarflowlm.ops.ReverseOp;
import org.tarflowlm.ops.TransformerOps.CausalAttentionOp;
import org.tarflowlm.ops.TransformerOps.CrossEntropyOp;
import org.tarflowlm.ops.TransformerOps.EmbeddingOp;
import org.tarflowlm.ops.TransformerOps.LayerNormOp;
import org.tarflowlm.ops.TransformerOps.ShiftPositionOp;

/** The transformer's building blocks as fused Java kernels: FLOAT on the CPU. */
final class FusedPrimitives implements Primitives {
  private final SameDiff sd;

  FusedPrimitives(SameDiff sd) {
    this.sd = sd;
  }

  @Override
  public SDVariable embedding(SDVariable table, SDVariable ids) {
    return new EmbeddingOp(sd, table, ids).outputVariable();
  }

  @Override
  public SDVariable shiftPosition(SDVariable x, SDVariable start, SDVariable position) {
    return new ShiftPositionOp(sd, x, start, position).outputVariable();
  }

  @Override
  public SDVariable matmul(SDVariable x, Matrix weight) {
    return new MatmulOp(sd, x, weight.value()).outputVariable();
  }

  @Override
  public SDVariable linear(SDVariable x, Matrix weight, SDVariable bias) {
    return new LinearOp(sd, x, weight.value(), bias).outputVariable();
  }

  @Override
  public SDVariable linearResidual(SDVariable x, Matrix weight, SDVariable bias, SDVariable residual) {
    return new LinearResidualOp(sd, x, weight.value(), bias, residual).outputVariable();
  }

  @Override
  public SDVariable layerNorm(SDVariable x, SDVariable gain, SDVariable bias) {
    return new LayerNormOp(sd, x, gain, bias).outputVariable();
  }

  @Override
  public SDVariable biasGelu(SDVariable x, SDVariable bias) {
    return new BiasGeluOp(sd, x, bias).outputVariable();
  }

  @Override
  public SDVariable feedForward(SDVariable x, Matrix up, SDVariable upBias, Matrix down, SDVariable downBias, SDVariable residual) {
    return new FeedForwardOp(sd, x, up.value(), upBias, down.value(), downBias, residual).outputVariables()[0];
  }

  @Override
  public SDVariable reverse(SDVariable rows) {
    return new ReverseOp(sd, rows).outputVariable();
  }

  @Override
  public SDVariable elu(SDVariable x) {
    return new EluOp(sd, x).outputVariable();
  }

  @Override
  public SDVariable causalAttention(SDVariable qkv, int heads, int width) {
    return new CausalAttentionOp(sd, qkv, heads).outputVariables()[0];
  }

  @Override
  public SDVariable crossEntropy(SDVariable logits, SDVariable ids, int vocabSize) {
    return new CrossEntropyOp(sd, logits, ids).outputVariable();
  }
}
