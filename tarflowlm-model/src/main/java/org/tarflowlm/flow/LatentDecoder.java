package org.tarflowlm.flow;

import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.Workspace;

/**
 * Decodes latents to token ids: z by the codebook's posterior, argmax_k p(k | z) (paper section 3.1), other levels of the stack by the
 * nearest mean, which shows generation as a sequence of edits (section 5). Other levels lie many sigma from every code, where the posterior
 * would only select the few widest codes. Thread-safe.
 */
public record LatentDecoder(Components codebook) {
  /** Tokens of a sequence z [tokens * d]: [tokens]. */
  public int[] decode(double[] latents) {
    return decode(latents, 0, latents.length / codebook.dims());
  }

  /** {@code count} tokens of a sequence z [.. * d], starting at token {@code from}. */
  public int[] decode(double[] latents, int from, int count) {
    int[] tokens = new int[count];
    decode(latents, from, tokens, new Workspace());
    return tokens;
  }

  /** {@code count} tokens of h^(level), starting at token {@code from}: by the posterior at level 0, by the nearest mean above it. */
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

  /** Fills {@code tokens}, starting at token {@code from} of a sequence z, without allocating. */
  public void decode(double[] latents, int from, int[] tokens, Workspace workspace) {
    for (int t = 0; t < tokens.length; t++) {
      tokens[t] = Codebook.decode(latents, (from + t) * codebook.dims(), codebook, workspace);
    }
  }
}
