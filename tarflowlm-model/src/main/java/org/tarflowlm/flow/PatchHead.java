package org.tarflowlm.flow;

import java.util.Arrays;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.kernel.Elu;
import org.tarflowlm.kernel.RowProduct;

/**
 * Computes, token by token, what the earlier tokens of a patch add to the logits of a token's components, like
 * {@code org.tarflowlm.graph.FlowBlock} in a graph. It holds scratch arrays, so each thread needs its own instance.
 */
final class PatchHead {
  /** Immutable; threads may share it. */
  static final class Weights {
    private final int tokens;
    private final int units;
    private final int dims;
    private final int components;
    private final RowProduct context;
    /** [P d][U P] and [U P][P K]. */
    private final float[][] latents;
    private final float[][] out;

    Weights(TarFlowConfig config, int components, ParameterSource source) {
      tokens = config.patchSize();
      units = config.patchHidden();
      dims = config.latentDim();
      this.components = components;
      context = source.product("context", config.width(), units * tokens);
      latents = source.matrix("latents.weight", config.channels(), units * tokens);
      out = source.matrix("out.weight", units * tokens, tokens * components);
    }
  }

  private final Weights w;
  private float[] context = new float[0];
  private final float[] sums;
  private final float[] hidden;

  PatchHead(Weights weights) {
    w = weights;
    sums = new float[w.units * w.tokens];
    hidden = new float[w.units * w.tokens];
  }

  void read(float[] features, int from, int to) {
    if (context.length < to * w.context.out()) {
      context = Arrays.copyOf(context, to * w.context.out());
    }
    w.context.run(features, from, to, context);
  }

  /** Adds to a token's logits [K]. Call it for a row's tokens in order, with all earlier tokens in z from {@code at} on. */
  void add(int row, int token, double[] z, int at, double[] logits) {
    if (token == 0) {
      System.arraycopy(context, row * sums.length, sums, 0, sums.length);
    }
    for (int channel = Math.max(0, token - 1) * w.dims; channel < token * w.dims; channel++) {
      float value = (float) z[at + channel];
      for (int j = token * w.units; j < sums.length; j++) {
        sums[j] += value * w.latents[channel][j];
      }
    }
    Elu.forward(sums, hidden, token * w.units, (token + 1) * w.units);
    for (int j = 0; j < (token + 1) * w.units; j++) {
      for (int k = 0; k < w.components; k++) {
        logits[k] += hidden[j] * w.out[j][token * w.components + k];
      }
    }
  }
}
