package org.tarflowlm;

import java.util.Arrays;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.flow.LatentDecoder;
import org.tarflowlm.flow.LatentEncoder;
import org.tarflowlm.flow.StackWeights;

/** Tokens to latents and back by a model's codebook (paper section 3.1). */
final class TextLatents {
  private final Components codebook;
  private final LatentEncoder encoder;
  private final LatentDecoder decoder;

  private TextLatents(Components codebook) {
    this.codebook = codebook;
    this.encoder = new LatentEncoder(codebook);
    this.decoder = new LatentDecoder(codebook);
  }

  static TextLatents of(Checkpoint checkpoint) {
    return new TextLatents(StackWeights.codebook(checkpoint.config(), checkpoint::values));
  }

  /** z = mu + sigma * noise, [tokens][d]. */
  double[][] encode(int[] tokens, long seed) {
    double[] z = encoder.encode(tokens, seed);
    double[][] rows = new double[tokens.length][];
    Arrays.setAll(rows, t -> Arrays.copyOfRange(z, t * codebook.dims(), (t + 1) * codebook.dims()));
    return rows;
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
