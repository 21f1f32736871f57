package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;

/**
 * A pre-norm causal transformer whose output at position t depends only on inputs before t: a learned start vector is put first, and the
 * input is shifted right by one (paper section 3.3).
 */
record CausalTransformer(GraphScope scope, String prefix, int layers) {
  /**
   * Maps embedded inputs [B, T, H] to features [B, T, H].
   *
   * @param known added to the shifted input: what a position reads besides earlier inputs, [B, T, H]; or null
   */
  SDVariable build(SDVariable embedded, SDVariable known) {
    Primitives p = scope.primitives();
    SDVariable h = p.shiftPosition(embedded, parameter("start"), parameter("position"));
    h = known == null ? h : h.add(known);
    for (int i = 0; i < layers; i++) {
      h = block(h, "block" + i + ".");
    }
    return p.layerNorm(h, parameter("norm.gain"), parameter("norm.bias"));
  }

  private SDVariable block(SDVariable h, String block) {
    Primitives p = scope.primitives();
    SDVariable normal = p.layerNorm(h, parameter(block + "norm1.gain"), parameter(block + "norm1.bias"));
    SDVariable qkv = p.linear(normal, matrix(block + "qkv.weight"), parameter(block + "qkv.bias"));                // [B, T, 3H]
    SDVariable mixed = p.causalAttention(qkv, scope.config().heads(), scope.config().width());                        // [B, T, H]
    h = p.linearResidual(mixed, matrix(block + "proj.weight"), parameter(block + "proj.bias"), h);
    normal = p.layerNorm(h, parameter(block + "norm2.gain"), parameter(block + "norm2.bias"));
    return p.feedForward(normal, matrix(block + "up.weight"), parameter(block + "up.bias"),
        matrix(block + "down.weight"), parameter(block + "down.bias"), h);
  }

  private SDVariable parameter(String name) {
    return scope.parameter(prefix + name);
  }

  private Matrix matrix(String name) {
    return scope.matrix(prefix + name);
  }
}
