package org.tarflowlm.generate.parallel;

import java.util.List;
import org.tarflowlm.flow.FlowTransform;

/** Inverts all flows of a stack over one span of a single sequence, given every level's values outside the span. */
public final class ParallelSpan {
  private final List<ParallelTransform> transforms;
  private final int from;
  private final int to;
  /** Inputs of every flow, then u; [L + 1][1][positions * D]. */
  private final double[][][] level;

  ParallelSpan(List<ParallelTransform> transforms, double[][][] level, int from, int to) {
    this.transforms = transforms;
    this.level = level;
    this.from = from;
    this.to = to;
  }

  /**
   * Fills the span [from, to) of every level below the last.
   *
   * @param listener receives final positions while the first flow is inverted, and may end the inversion; or null
   */
  public void solve(FlowTransform.PositionListener listener) {
    boolean exact = true;
    for (int l = transforms.size() - 1; l >= 0; l--) {
      int above = l;
      transforms.get(l).inverse(level[l + 1], level[l], from, to, l == 0 ? listener : null, exact ? null : () -> improveAbove(above));
      exact &= transforms.get(l).isExact();
    }
  }

  /** Makes the input of flow l's inverse exact; returns whether it recomputed anything. */
  private boolean improveAbove(int l) {
    boolean changed = false;
    for (int k = transforms.size() - 1; k > l; k--) {
      if (changed || !transforms.get(k).isExact()) {
        transforms.get(k).improve(level[k + 1][0], level[k][0], from, to);
        changed = true;
      }
    }
    return changed;
  }
}
