package org.tarflowlm.config;

/** How a flow maps a latent, given its context, to the base space (paper sections 3.2 and 3.3). */
public enum Coupling {
  /** One Gaussian per scalar: {@code u = (z - shift) / scale}. */
  AFFINE,
  /** Mixture-CDF: every scalar has a mixture of Gaussians of its own; {@code u = Phi^-1(F(z))} (section 3.2.1). */
  MIX_1,
  /** Mixture-Rosenblatt: every token's vector has a mixture over a shared codebook of components (section 3.2.2). */
  MIX_D
}
