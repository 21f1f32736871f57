package org.tarflowlm.nn;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Puts the codebook's means on a grid: {@link org.tarflowlm.config.CodebookSpec.Layout#GRID}. */
final class CodebookGrid {
  private CodebookGrid() {}

  /**
   * Fills the means.
   *
   * @param means [V, d]
   * @param scale standard deviation of a channel's levels
   */
  static void fill(INDArray means, double scale) {
    int channels = Math.toIntExact(means.size(1));
    int levels = levels(means.size(0), channels);
    for (int token = 0; token < means.size(0); token++) {
      int rest = token;
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

  /** The fewest levels a channel with at least so many points. */
  static int levels(long tokens, int channels) {
    int levels = 2;
    while (Math.pow(levels, channels) < tokens) {
      levels++;
    }
    return levels;
  }
}
