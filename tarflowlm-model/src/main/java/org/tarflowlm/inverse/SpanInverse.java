package org.tarflowlm.inverse;

import java.util.List;
import org.tarflowlm.config.TarFlowConfig;

/** The inverse of all flows of a stack over one span of positions, given what stands outside of it at every level. */
final class SpanInverse {
  private final TarFlowConfig config;
  private final List<FlowTransform> transforms;
  private final int from;
  private final int to;
  /** Inputs of every flow (mixed), then u; [L + 1][sequence][positions * D]. */
  private final double[][][] level;
  /** Outputs of a flow before mixing. */
  private final double[][] unmixed;

  SpanInverse(TarFlowConfig config, List<FlowTransform> transforms, double[][][] level, int from, int to) {
    this.config = config;
    this.transforms = transforms;
    this.level = level;
    this.from = from;
    this.to = to;
    unmixed = new double[level[0].length][level[0][0].length];
  }

  /**
   * Fills the span [from, to) of every level below the last.
   *
   * @param listener hears of the final positions while the first flow is inverted, and may end the pass; or null
   */
  void solve(FlowTransform.PositionListener listener) {
    boolean exact = true;
    for (int l = transforms.size() - 1; l >= 0; l--) {
      int above = l;
      transforms.get(l).inverse(output(l), level[l], unmixed.length, from, to, l == 0 ? listener : null,
          exact ? null : () -> improveAbove(above));
      exact &= transforms.get(l).isExact();
    }
  }

  /** What flow l inverts: the level above it, with its channels in order. */
  private double[][] output(int l) {
    if (l + 1 == transforms.size() || !config.channelMixing()) {
      return level[l + 1];
    }
    for (int b = 0; b < unmixed.length; b++) {
      ChannelMix.unmix(level[l + 1][b], unmixed[b], config.channels());
    }
    return unmixed;
  }

  /** Makes what flow l inverts exact, of a single sequence; returns whether that changed it. */
  private boolean improveAbove(int l) {
    boolean changed = false;
    for (int k = transforms.size() - 1; k > l; k--) {
      if (changed || !transforms.get(k).isExact()) {
        transforms.get(k).improve(output(k)[0], level[k][0], from, to);
        changed = true;
      }
    }
    if (changed) {
      output(l);
    }
    return changed;
  }
}
