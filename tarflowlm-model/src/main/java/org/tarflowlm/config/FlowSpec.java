package org.tarflowlm.config;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.Records;

/**
 * One flow of the stack.
 *
 * <p>A flow with 0 layers is an <em>in-token flow</em>: it has no transformer and reads the features of its trunk, the nearest flow before
 * it that has one. Those features come from the trunk's input at strictly earlier positions, so the flow maps a position's channels given
 * the past. One pass of the transformer per position inverts a trunk together with its in-token flows.
 *
 * @param coupling how scalars or vectors are transformed
 * @param layers transformer layers of this flow; 0 for an in-token flow
 * @param mixtures components of the mixture: 1 for {@link Coupling#AFFINE}, the vocabulary size for a tied flow
 * @param direction reading order of the positions; an in-token flow has its trunk's
 * @param tied {@link Coupling#MIX_D} and {@link Coupling#AFFINE_D} only: the components are the encoder's codebook (paper section 3.2.2)
 * @param channelDirection reading order of the channels; default ASCENDING, the only one of the couplings that share components
 * @param firstChannel first channel that a {@linkplain #isPartial partial flow} maps; default 0
 * @param endChannel channel after the last one that a partial flow maps; default 0, which stands for all channels
 * @param lookAhead for a partial flow with firstChannel above 0: the number of tokens after the current one, in reading order, whose
 *     channels below firstChannel it also reads; default 0
 */
public record FlowSpec(
    @JsonProperty(required = true) Coupling coupling,
    @JsonProperty(required = true) int layers,
    int mixtures,
    @JsonProperty(required = true) Direction direction,
    boolean tied,
    ChannelDirection channelDirection,
    Integer firstChannel,
    Integer endChannel,
    Integer lookAhead) {

  private static final int MOST_LAYERS = 1_024;
  private static final int MOST_LOOK_AHEAD = 256;

  public FlowSpec {
    ConfigException.require(coupling != null, "coupling", "is missing; expected AFFINE, MIX_1, MIX_D or AFFINE_D");
    ConfigException.require(direction != null, "direction", "is missing; expected LEFT_TO_RIGHT or RIGHT_TO_LEFT");
    channelDirection = channelDirection == null ? ChannelDirection.ASCENDING : channelDirection;
    firstChannel = firstChannel == null ? 0 : firstChannel;
    endChannel = endChannel == null ? 0 : endChannel;
    lookAhead = lookAhead == null ? 0 : lookAhead;
    ConfigException.requireWithin("layers", layers, 0, MOST_LAYERS);
    ConfigException.requireAtLeast("firstChannel", firstChannel, 0);
    ConfigException.requireAtLeast("endChannel", endChannel, 0);
    ConfigException.requireWithin("lookAhead", lookAhead, 0, MOST_LOOK_AHEAD);
    if ((firstChannel > 0 || endChannel > 0) && (coupling != Coupling.MIX_D || !tied || layers == 0)) {
      throw new ConfigException(firstChannel > 0 ? "firstChannel" : "endChannel", "is given for "
          + (tied ? "a tied " : "an untied ") + coupling + " flow of " + layers
          + " layers; expected a tied MIX_D flow with at least 1 layer");
    }
    if (endChannel > 0 && endChannel <= firstChannel) {
      throw new ConfigException("endChannel", "is " + endChannel + "; expected more than firstChannel " + firstChannel);
    }
    if (lookAhead > 0 && firstChannel == 0) {
      throw new ConfigException("lookAhead", "is " + lookAhead + " for a flow with no channels before its own; expected 0");
    }
    if (coupling == Coupling.AFFINE) {
      ConfigException.require(mixtures <= 1, "mixtures", "is " + mixtures
          + " for an AFFINE flow; expected 1 (an affine flow has one component)");
      mixtures = 1;
    }
    ConfigException.requireWithin("mixtures", mixtures, 1, TarFlowConfig.MOST_TOKENS);
    if (tied && !coupling.sharesComponents()) {
      throw new ConfigException("tied", "is true for a " + coupling
          + " flow; only a MIX_D or AFFINE_D flow can be tied to the encoder's codebook");
    }
    if (coupling.sharesComponents() && channelDirection != ChannelDirection.ASCENDING) {
      throw new ConfigException("channelDirection", "is " + channelDirection + " for a " + coupling + " flow; expected ASCENDING");
    }
  }

  /** All channels, in ascending order. */
  public FlowSpec(Coupling coupling, int layers, int mixtures, Direction direction, boolean tied) {
    this(coupling, layers, mixtures, direction, tied, null, null, null, null);
  }

  public static FlowSpec affine(int layers, Direction direction) {
    return new FlowSpec(Coupling.AFFINE, layers, 1, direction, false);
  }

  public static FlowSpec mix1(int layers, int mixtures, Direction direction) {
    return new FlowSpec(Coupling.MIX_1, layers, mixtures, direction, false);
  }

  /** A Mix-d flow over the encoder's codebook. */
  public static FlowSpec tiedMixD(int layers, int vocabSize, Direction direction) {
    return new FlowSpec(Coupling.MIX_D, layers, vocabSize, direction, true);
  }

  /** A copy that maps only channels [first, end) and also reads the channels below {@code first} of {@code tokensAhead} later tokens. */
  public FlowSpec onChannels(int first, int end, int tokensAhead) {
    return new FlowSpec(coupling, layers, mixtures, direction, tied, channelDirection, first, end, tokensAhead);
  }

  /** A Mix-d flow with a codebook of its own. */
  public static FlowSpec mixD(int layers, int mixtures, Direction direction) {
    return new FlowSpec(Coupling.MIX_D, layers, mixtures, direction, false);
  }

  /** A copy that reads channels in another direction. */
  public FlowSpec withChannelDirection(ChannelDirection other) {
    return Records.with(this, "channelDirection", other);
  }

  /**
   * Whether this flow maps only some channels of each token and leaves the others as they are. At a token, it reads the channels it maps
   * at earlier tokens (in its direction). It also reads the channels below {@code firstChannel}, which it does not change, at earlier
   * tokens, the token itself and {@code lookAhead} tokens after it. If tokens of one group share their first channels in the codebook,
   * such flows write a text from coarse to fine, each in its own direction.
   */
  @JsonIgnore
  public boolean isPartial() {
    return firstChannel > 0 || endChannel > 0;
  }

  /** The channel after the last one that this flow maps, if a position has {@code channels} of them. */
  public int endChannel(int channels) {
    return endChannel == 0 ? channels : endChannel;
  }

  /** Whether this flow has no transformer of its own. */
  @JsonIgnore
  public boolean isInToken() {
    return layers == 0;
  }
}
