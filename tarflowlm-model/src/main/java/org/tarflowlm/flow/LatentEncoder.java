package org.tarflowlm.flow;

import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.data.latent.GaussianNoise;

/**
 * Encodes text as latents, z = mu + sigma * noise (paper section 3.1), with the noise that scoring draws for the same seed: token t of
 * draw s takes the numbers t*d to t*d + d - 1 of stream s. Thread-safe.
 */
public record LatentEncoder(Components codebook) {
  /** z of a whole text with draw 0: [tokens * d]. */
  public double[] encode(int[] tokens, long seed) {
    return encode(tokens, seed, 0, 0);
  }

  /**
   * z of a part of a text.
   *
   * @param draw index of the draw; different draws are independent
   * @param from position of the first token in its text
   * @return [tokens * d]
   */
  public double[] encode(int[] tokens, long seed, int draw, int from) {
    int d = codebook.dims();
    float[] noise = new GaussianNoise(seed, 0).draw(draw, (long) from * d, Math.multiplyExact(tokens.length, d));
    double[] z = new double[noise.length];
    double[] own = new double[d];
    for (int t = 0; t < tokens.length; t++) {
      for (int i = 0; i < d; i++) {
        own[i] = noise[t * d + i];
      }
      Codebook.encode(tokens[t], own, 0, codebook, z, t * d);
    }
    return z;
  }
}
