package org.tarflowlm.flow;

import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.Workspace;

/**
 * Latents to token ids: z by the codebook's posterior, argmax_k p(k | z) (paper section 3.1), any other level of the stack by the nearest
 * mean, which turns generation into a visible sequence of edits (section 5). Other levels lie many sigma from every code, where the
 * posterior would know only the few widest. May be used by many threads.
 */
public record LatentDecoder(Components codebook) {
  /** Tokens of one sequence z [tokens * d], in order. */
  public int[] decode(double[] latents) {
    return decode(latents, 0, latents.length / codebook.dims());
  }

  /** {@code count} tokens from token number {@code from} on. */
  public int[] decode(double[] latents, int from, int count) {
    int[] tokens = new int[count];
    decode(latents, from, tokens, new Workspace());
    return tokens;
  }

  /** {@code count} tokens of h^(level) from token number {@code from} on: by the posterior at level 0, by the nearest mean above. */
  public int[] decodeLevel(int level, double[] latents, int from, int count) {
    if (level == 0) {
      return decode(latents, from, count);
    }
    int[] tokens = new int[count];
    for (int t = 0; t < count; t++) {
      tokens[t] = Codebook.nearest(latents, (from + t) * codebook.dims(), codebook);
    }
    return tokens;
  }

  /** Fills {@code tokens} from token number {@code from} on, with nothing new allocated. */
  public void decode(double[] latents, int from, int[] tokens, Workspace workspace) {
    for (int t = 0; t < tokens.length; t++) {
      tokens[t] = Codebook.decode(latents, (from + t) * codebook.dims(), codebook, workspace);
    }
  }
}
