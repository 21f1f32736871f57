package org.tarflowlm.config;

import java.util.List;
import java.util.stream.IntStream;
import org.tarflowlm.json.ConfigException;

/**
 * The encoder's codebook of isotropic Gaussians, one per token (paper section 3.1). The paper does not say how to initialise it; the
 * defaults trained best in our experiments.
 *
 * @param sigma initial standard deviation of every component; must be positive
 * @param sigmaMode which standard deviations are learned
 * @param sigmaMin lower bound of sigma
 * @param meanScale initial standard deviation of each coordinate of the means
 * @param layout where the means start
 * @param order with {@link Layout#GRID}, the token ids in the order in which they take the grid's points, each once; default: ascending.
 *     {@link org.tarflowlm.init.GridOrder} finds an order that helps a Mix-1 flow
 * @param groups groups of tokens that start with equal means in some channels, the coarsest first, for flows that
 *     {@linkplain FlowSpec#isPartial map only some channels}; default none. The means stay equal only if the codebook is not trained
 */
public record CodebookSpec(
    Double sigma, SigmaMode sigmaMode, Double sigmaMin, Double meanScale, Layout layout, List<Integer> order, List<Groups> groups) {

  /**
   * A partition of the vocabulary.
   *
   * @param channels number of channels that encode the group; they follow those of the coarser partitions
   * @param of group of each token id, [vocabSize]
   */
  public record Groups(int channels, List<Integer> of) {
    public Groups {
      ConfigException.requireAtLeast("channels", channels, 1);
      ConfigException.require(of != null, "of", "is missing; expected the group of each token id");
      of = List.copyOf(of);
    }
  }

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
     * Each token on its own point of the smallest grid that holds all tokens, with equally many levels in every channel: 27 tokens in five
     * channels take corners of a cube. Each channel is a digit of the token's rank in {@link CodebookSpec#order}, the first the highest.
     */
    GRID
  }

  public CodebookSpec {
    sigma = sigma == null ? 0.1 : sigma;
    sigmaMode = sigmaMode == null ? SigmaMode.PER_TOKEN : sigmaMode;
    sigmaMin = sigmaMin == null ? 1e-3 : sigmaMin;
    meanScale = meanScale == null ? 1.0 : meanScale;
    layout = layout == null ? Layout.NORMAL : layout;
    order = order == null ? List.of() : List.copyOf(order);
    groups = groups == null ? List.of() : List.copyOf(groups);
    if (!groups.isEmpty() && layout != Layout.NORMAL) {
      throw new ConfigException("groups", "are given with layout " + layout + "; expected layout NORMAL");
    }
    if (!order.isEmpty() && layout != Layout.GRID) {
      throw new ConfigException("order", "is given with layout " + layout + "; expected layout GRID");
    }
    ConfigException.requirePositive("sigma", sigma);
    ConfigException.requirePositive("sigmaMin", sigmaMin);
    ConfigException.requirePositive("meanScale", meanScale);
    ConfigException.require(sigma >= sigmaMin, "sigma", "is " + sigma + "; expected at least sigmaMin " + sigmaMin);
  }

  /** Means drawn from a normal distribution. */
  public CodebookSpec(Double sigma, SigmaMode sigmaMode, Double sigmaMin, Double meanScale) {
    this(sigma, sigmaMode, sigmaMin, meanScale, null, null, null);
  }

  public static CodebookSpec defaults() {
    return new CodebookSpec(null, null, null, null);
  }

  /** A copy without order and groups, for another vocabulary. */
  CodebookSpec withoutTokens() {
    return new CodebookSpec(sigma, sigmaMode, sigmaMin, meanScale, layout, null, null);
  }

  /** @throws ConfigException if a given order does not hold each id once, or the groups leave no channel for the tokens */
  void requireFits(int vocabSize, int latentDim) {
    int channels = groups.stream().mapToInt(Groups::channels).sum();
    if (channels > 0 && channels >= latentDim) {
      throw new ConfigException("codebook.groups", "take " + channels + " channels; expected fewer than latentDim " + latentDim);
    }
    for (Groups each : groups) {
      ConfigException.require(each.of().size() == vocabSize, "codebook.groups.of", "has " + each.of().size()
          + " numbers; expected one for each of " + vocabSize + " token ids");
    }
    if (!order.isEmpty() && !order.stream().sorted().toList().equals(IntStream.range(0, vocabSize).boxed().toList())) {
      throw new ConfigException("codebook.order", "is " + (order.size() <= 32 ? order : order.size() + " numbers")
          + "; expected each id from 0 to " + (vocabSize - 1) + " once");
    }
  }
}
