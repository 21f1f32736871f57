package org.tarflowlm.config;

/** The models that the paper compares (sections 3.2 and 4). */
public enum Variant {
  /** Affine flows: the weakest, and the fastest to sample. */
  AFFINE,
  /** Mixture-CDF flows only. */
  MIX_1,
  /** A mixture-Rosenblatt flow tied to the encoder's codebook, then mixture-CDF flows: the paper's best. */
  MIX_D,
  /** The discrete transformer with the same body. */
  AUTOREGRESSIVE;

  /** A model's variant, decided by its type and its first flow. */
  public static Variant of(TarFlowConfig config) {
    if (!config.isFlow()) {
      return AUTOREGRESSIVE;
    }
    return switch (config.flows().get(0).coupling()) {
      case AFFINE, AFFINE_D -> AFFINE;
      case MIX_1 -> MIX_1;
      case MIX_D -> MIX_D;
    };
  }
}
