package org.tarflowlm.config;

/** The two kinds of model. Both share the transformer body, the data and the trainer. */
public enum ModelType {
  /** Flows over continuous latents, trained on the ELBO. */
  TARFLOW,
  /** The discrete autoregressive transformer with the same body: the baseline in every comparison. */
  AUTOREGRESSIVE
}
