package org.tarflowlm.nn;

import java.util.List;

/** Features that a network takes. A discrete model takes ids alone. */
public enum ModelInputs {
  /** Token ids, INT [batch, time]; the layer draws the encoder's noise itself. */
  IDS("ids"),
  /** Token ids, INT [batch, time], and the encoder's noise, [batch, time, latentDim]: two inputs. */
  IDS_AND_NOISE("ids", "noise"),
  /**
   * Latents z, [batch, time, latentDim], as the model's own codebook made them; the codebook does not train. Labels that are ids add the
   * VAE term to the loss, which is then the negative ELBO; labels that are the latents again leave it at -log p(z).
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
