package org.tarflowlm.init;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Puts the codebook's means on a grid: {@link org.tarflowlm.config.CodebookSpec.Layout#GRID}. */
final class CodebookGrid {
  private CodebookGrid() {}

  /**
   * Fills the means.
   *
   * @param means [V, d]
   * @param scale standard deviation of a channel's levels
   * @param order token ids, the grid's first point for the first; empty: that of the ids
   */
  static void fill(INDArray means, double scale, List<Integer> order) {
    int channels = Math.toIntExact(means.size(1));
    int levels = GridOrder.levels(means.size(0), channels);
    for (int rank = 0; rank < means.size(0); rank++) {
      int token = order.isEmpty() ? rank : order.get(rank);
      int rest = rank;
      for (int channel = channels - 1; channel >= 0; channel--) {
        means.putScalar(token, channel, level(rest % levels, levels, scale));
        rest /= levels;
      }
    }
  }

  /** A level's place: evenly spaced around 0, with the standard deviation {@code scale} over all of them. */
  static double level(int index, int levels, double scale) {
    return (index - (levels - 1) / 2.0) * scale / Math.sqrt((levels * (double) levels - 1) / 12);
  }
}
