package org.tarflowlm.config;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * One flow of the stack.
 *
 * @param coupling how scalars or vectors are transformed
 * @param layers transformer layers of this flow, at least 1
 * @param mixtures components of the mixture: 1 for {@link Coupling#AFFINE}, the vocabulary size for a tied {@link Coupling#MIX_D}
 * @param direction reading order
 * @param tied {@link Coupling#MIX_D} only: the components are the encoder's codebook (paper section 3.2.2)
 */
public record FlowSpec(
    @JsonProperty(required = true) Coupling coupling,
    @JsonProperty(required = true) int layers,
    int mixtures,
    @JsonProperty(required = true) Direction direction,
    boolean tied) {

  public FlowSpec {
    if (coupling == null) {
      throw new ConfigException("coupling", "is missing; expected AFFINE, MIX_1 or MIX_D");
    }
    if (direction == null) {
      throw new ConfigException("direction", "is missing; expected LEFT_TO_RIGHT or RIGHT_TO_LEFT");
    }
    ConfigException.requireAtLeast("layers", layers, 1);
    if (coupling == Coupling.AFFINE) {
      if (mixtures > 1) {
        throw new ConfigException("mixtures", "is " + mixtures + " for an AFFINE flow; expected 1 (an affine flow has one component)");
      }
      mixtures = 1;
    }
    ConfigException.requireAtLeast("mixtures", mixtures, 1);
    if (tied && coupling != Coupling.MIX_D) {
      throw new ConfigException("tied", "is true for a " + coupling + " flow; only a MIX_D flow can be tied to the encoder's codebook");
    }
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

  /** A Mix-d flow with a codebook of its own. */
  public static FlowSpec mixD(int layers, int mixtures, Direction direction) {
    return new FlowSpec(Coupling.MIX_D, layers, mixtures, direction, false);
  }
}
