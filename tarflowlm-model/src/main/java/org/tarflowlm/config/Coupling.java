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
   * Affine over a shared codebook, not in the paper: each channel's shift and scale are the mean and the standard deviation that
   * {@link #MIX_D}'s mixture has there, given the channels before.
   */
  AFFINE_D;

  /** Whether components are shared by all positions and the context gives their weights only. */
  @JsonIgnore
  public boolean sharesComponents() {
    return this == MIX_D || this == AFFINE_D;
  }
}
