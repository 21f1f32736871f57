package org.tarflowlm.flow;

/**
 * The latents of a batch of sequences at every level of the stack: h^(0) = z, h^(l) = f_l(h^(l-1)), h^(L) = u (paper section 3.3).
 * Where channels are mixed between flows, every level has its channels in the order of z all the same
 * ({@link org.tarflowlm.config.ChannelOrder}), so every level can be decoded.
 *
 * @param h [L + 1][batch][positions * D]
 */
public record StackLatents(double[][][] h) {

  /** Number of flows, L. */
  public int flows() {
    return h.length - 1;
  }

  /** h^(0), what the codebook decodes to text; [batch][positions * D]. */
  public double[][] z() {
    return h[0];
  }

  /** h^(L), the noise; [batch][positions * D]. */
  public double[][] u() {
    return h[h.length - 1];
  }
}
