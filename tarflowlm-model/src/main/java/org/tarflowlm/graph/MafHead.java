package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;
import org.tarflowlm.config.BlockMask;

/**
 * The masked head of affine and Mix-1 flows (paper section 3.2.1 and appendix H): the parameters of channel i at a position depend on
 * the transformer's features at that position and on channels before i.
 *
 * <p>It has three masked linear maps: in_to_features reads (x, elu(x), elu(-x)) of all channels but the last, features_to_hidden adds to
 * the projected features, and hidden_to_out gives the parameters. Further hidden layers, which the paper's head lacks, are residual. A 0-1
 * mask on each matrix hides later channels from block i.
 */
final class MafHead {
  /** What it reads of each channel but the last: x, elu(x), elu(-x). */
  static final int INPUTS_PER_CHANNEL = 3;

  private final GraphScope scope;
  private final String prefix;
  private final int outputs;

  /** @param outputs numbers per channel: 2 for an affine flow, 3K for a mixture of K */
  MafHead(GraphScope scope, String prefix, int outputs) {
    this.scope = scope;
    this.prefix = prefix;
    this.outputs = outputs;
  }

  /** Maps features [B, T, H] and channels x [B, T, D] to raw parameters [B, T, D outputs]. */
  SDVariable build(SDVariable features, SDVariable x) {
    Primitives p = scope.primitives();
    int channels = scope.config().channels();
    int hidden = scope.config().mafHidden() / 2;
    SDVariable h = p.linear(features, scope.matrix(prefix + "maf.context.weight"), parameter("context.bias"));     // [B, T, hidden D]
    if (channels > 1) {
      int others = channels - 1;
      SDVariable inputs = p.maskedInputs(x, channels);                                                          // [B, T, 3 (D-1)]
      int embed = Math.toIntExact(parameter("features.bias").getShape()[0]) / others;
      Matrix first = matrix("features").masked(new BlockMask(others, INPUTS_PER_CHANNEL, others, embed, true), scope.type());
      SDVariable f = p.linear(inputs, first, parameter("features.bias"));                                       // [B, T, E (D-1)]
      h = p.maskedResidual(f, matrix("hidden"), new BlockMask(others, embed, channels, hidden, false), h);
    }
    BlockMask out = new BlockMask(channels, hidden, channels, outputs, true);
    if (scope.config().mafLayers() == 1) {
      return p.maskedLinear(h, matrix("out"), out, parameter("out.bias"));
    }
    h = p.elu(h);
    for (int r = 1; r < scope.config().mafLayers(); r++) {
      String residual = "residual" + r;
      Matrix further = matrix(residual).masked(new BlockMask(channels, hidden, channels, hidden, true), scope.type());
      h = h.add(p.elu(p.linear(h, further, parameter(residual + ".bias"))));
    }
    return p.linear(h, matrix("out").masked(out, scope.type()), parameter("out.bias"));
  }

  private Matrix matrix(String name) {
    return scope.matrix(prefix + "maf." + name + ".weight");
  }

  private SDVariable parameter(String name) {
    return scope.parameter(prefix + "maf." + name);
  }
}
