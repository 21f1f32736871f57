package org.tarflowlm.config;

import com.fasterxml.jackson.annotation.JsonIgnore;

/** How a flow maps a latent, given its context, to the base space (paper sections 3.2 and 3.3). */
public enum Coupling {
  /** One Gaussian per scalar: {@code u = (z - shift) / scale}. */
  AFFINE,
  /** Mixture-CDF: every scalar has a mixture of Gaussians of its own; {@code u = Phi^-1(F(z))} (section 3.2.1). */
  MIX_1,
  /** Mixture-Rosenblatt: every token's vector has a mixture over a shared codebook of components (section 3.2.2). */
  MIX_D,
  /**
   * Affine over a shared codebook, not in the paper: each channel's shift and scale are the mean and standard deviation of
   * {@link #MIX_D}'s mixture in that channel, given the channels before it.
   */
  AFFINE_D;

  /** Whether all positions share the components, so that the context gives only their weights. */
  @JsonIgnore
  public boolean sharesComponents() {
    return this == MIX_D || this == AFFINE_D;
  }
}
