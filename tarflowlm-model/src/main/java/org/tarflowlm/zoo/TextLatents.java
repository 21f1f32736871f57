package org.tarflowlm.zoo;

import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.data.latent.GaussianNoise;
import org.tarflowlm.inverse.LatentDecoder;
import org.tarflowlm.inverse.StackWeights;

/** Tokens to latents and back by a model's codebook (paper section 3.1). */
final class TextLatents {
  private final Components codebook;
  private final LatentDecoder decoder;

  private TextLatents(Components codebook) {
    this.codebook = codebook;
    this.decoder = new LatentDecoder(codebook);
  }

  static TextLatents of(Checkpoint checkpoint) {
    return new TextLatents(StackWeights.of(checkpoint.config(), checkpoint::values).codebook());
  }

  /** z = mu + sigma * noise, [tokens][d]. */
  double[][] encode(int[] tokens, long seed) {
    int d = codebook.dims();
    float[] draw = new GaussianNoise(seed, 0).draw(0, Math.multiplyExact(tokens.length, d));
    double[][] z = new double[tokens.length][d];
    double[] noise = new double[d];
    for (int t = 0; t < tokens.length; t++) {
      for (int i = 0; i < d; i++) {
        noise[i] = draw[t * d + i];
      }
      Codebook.encode(tokens[t], noise, 0, codebook, z[t], 0);
    }
    return z;
  }

  /** The most probable token of each latent [tokens][d]. */
  int[] decode(double[][] z) {
    int[] tokens = new int[z.length];
    for (int t = 0; t < z.length; t++) {
      if (z[t].length != codebook.dims()) {
        throw new IllegalArgumentException("z[" + t + "] has " + z[t].length + " numbers; expected " + codebook.dims());
      }
      for (int i = 0; i < z[t].length; i++) {
        if (!Double.isFinite(z[t][i])) {
          throw new IllegalArgumentException("z[" + t + "][" + i + "] is " + z[t][i] + "; expected a finite number");
        }
      }
      tokens[t] = decoder.decode(z[t])[0];
    }
    return tokens;
  }
}
