package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;

/**
 * Makes a token of a patch depend on the earlier tokens of the patch (not in the paper, whose tokens of a patch are independent given
 * the context): a hidden layer per token that reads the features and, through a mask, the latents of earlier tokens, added to the
 * logits of its components.
 */
final class PatchHead {
  private PatchHead() {}

  /** Features [B, T/P, H] and latents x [B, T/P, P d] to logits [B, T/P, P K]. */
  static SDVariable logits(GraphScope scope, String prefix, SDVariable features, SDVariable x, int components) {
    Primitives p = scope.primitives();
    int tokens = scope.config().patchSize();
    int units = scope.config().patchHidden();
    int dims = scope.config().latentDim();
    SDVariable context = p.linear(features, scope.matrix(prefix + "patch.context.weight"), scope.parameter(prefix + "patch.context.bias"));
    SDVariable before = p.matmul(x, masked(scope, prefix + "patch.latents.weight", tokens, dims, units, false));
    return p.matmul(p.elu(context.add(before)), masked(scope, prefix + "patch.out.weight", tokens, units, components, true));
  }

  private static Matrix masked(GraphScope scope, String name, int tokens, int perSource, int perTarget, boolean same) {
    return scope.matrix(name).masked(scope.sd().constant(MafHead.mask(scope.type(), tokens, perSource, tokens, perTarget, same)));
  }
}
