package org.tarflowlm.config;

import java.util.List;
import java.util.stream.IntStream;

/**
 * The encoder's codebook of isotropic Gaussians, one per token (paper section 3.1). The paper does not say how it starts; the
 * defaults are the ones that trained best here.
 *
 * @param sigma standard deviation that every component starts with; must be positive
 * @param sigmaMode which standard deviations are learned
 * @param sigmaMin lower bound of sigma
 * @param meanScale standard deviation of a coordinate of the means at the start
 * @param layout where the means start
 * @param order with {@link Layout#GRID}, the token ids in the order in which they take the grid's points, each once; by default that of
 *     the ids. {@link org.tarflowlm.init.GridOrder} finds one that helps a Mix-1 flow
 */
public record CodebookSpec(Double sigma, SigmaMode sigmaMode, Double sigmaMin, Double meanScale, Layout layout, List<Integer> order) {

  /** Which standard deviations of the codebook are learned. */
  public enum SigmaMode {
    PER_TOKEN,
    SHARED,
    FIXED
  }

  /** Where the codebook's means start. */
  public enum Layout {
    /** Drawn from a normal distribution. */
    NORMAL,
    /**
     * Each on a point of its own of the grid with the fewest levels per channel that has room for all: 27 tokens in five channels on
     * corners of a cube. A channel then is a digit of the token's rank in {@link CodebookSpec#order}, the first channel the highest.
     */
    GRID
  }

  public CodebookSpec {
    sigma = sigma == null ? 0.1 : sigma;
    sigmaMode = sigmaMode == null ? SigmaMode.PER_TOKEN : sigmaMode;
    sigmaMin = sigmaMin == null ? 1e-3 : sigmaMin;
    meanScale = meanScale == null ? 1.0 : meanScale;
    layout = layout == null ? Layout.NORMAL : layout;
    order = order == null || order.isEmpty() ? List.of() : List.copyOf(order);
    if (!order.isEmpty() && layout != Layout.GRID) {
      throw new ConfigException("order", "is given with layout " + layout + "; expected layout GRID");
    }
    ConfigException.requirePositive("sigma", sigma);
    ConfigException.requirePositive("sigmaMin", sigmaMin);
    ConfigException.requirePositive("meanScale", meanScale);
    if (sigma < sigmaMin) {
      throw new ConfigException("sigma", "is " + sigma + "; expected at least sigmaMin " + sigmaMin);
    }
  }

  /** Means drawn from a normal distribution. */
  public CodebookSpec(Double sigma, SigmaMode sigmaMode, Double sigmaMin, Double meanScale) {
    this(sigma, sigmaMode, sigmaMin, meanScale, null);
  }

  /** Tokens take the points of a grid in the order of their ids. */
  public CodebookSpec(Double sigma, SigmaMode sigmaMode, Double sigmaMin, Double meanScale, Layout layout) {
    this(sigma, sigmaMode, sigmaMin, meanScale, layout, null);
  }

  public static CodebookSpec defaults() {
    return new CodebookSpec(null, null, null, null);
  }

  /** A copy without the order, for tokens of another meaning. */
  CodebookSpec withoutOrder() {
    return new CodebookSpec(sigma, sigmaMode, sigmaMin, meanScale, layout);
  }

  /** @throws ConfigException unless the order, where there is one, has each of the ids once */
  void requireOrderOf(int vocabSize) {
    if (!order.isEmpty() && !order.stream().sorted().toList().equals(IntStream.range(0, vocabSize).boxed().toList())) {
      throw new ConfigException("codebook.order", "is " + (order.size() <= 32 ? order : order.size() + " numbers")
          + "; expected each id from 0 to " + (vocabSize - 1) + " once");
    }
  }
}
