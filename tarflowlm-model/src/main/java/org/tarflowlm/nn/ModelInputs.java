package org.tarflowlm.nn;

import java.util.List;

/** The inputs of a network. A discrete model takes only {@link #IDS}. */
public enum ModelInputs {
  /** Token ids, INT [batch, time]; the layer draws the encoder's noise itself. */
  IDS("ids"),
  /** Token ids, INT [batch, time], and the encoder's noise, [batch, time, latentDim]: two inputs. */
  IDS_AND_NOISE("ids", "noise"),
  /**
   * Latents z, [batch, time, latentDim], drawn from the model's own codebook, which is frozen. If the labels are ids, the loss includes the
   * VAE term and is the negative ELBO; if they are the latents again, the loss is -log p(z).
   */
  LATENTS("latents");

  private final List<String> names;

  ModelInputs(String... names) {
    this.names = List.of(names);
  }

  /** Names of the network's inputs, in order. */
  public List<String> names() {
    return names;
  }
}
