package org.tarflowlm.data.latent;

import java.io.Serializable;
import java.util.Arrays;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.tarflowlm.data.DataException;

/**
 * A frozen codebook: token k becomes z = mean[k] + exp(logScale[k]) eps (arXiv 2507.00425, sec. 3.1).
 *
 * @param dim width d of a latent
 * @param means FLOAT [V * d], token after token
 * @param logScales FLOAT [V], or [1] if all tokens share one; natural logarithms of standard deviations
 */
public record LatentCodebook(@JsonProperty("dim") int dim, @JsonProperty("means") float[] means,
    @JsonProperty("logScales") float[] logScales) implements Serializable {

  public LatentCodebook {
    if (dim < 1 || means.length == 0 || means.length % dim != 0) {
      throw new DataException("codebook has " + means.length + " means of width " + dim + "; expected a multiple of the width");
    }
    if (logScales.length != 1 && logScales.length != means.length / dim) {
      throw new DataException("codebook has " + logScales.length + " log-scales; expected 1 or " + means.length / dim);
    }
  }

  /** Number V of tokens. */
  public int vocabSize() {
    return means.length / dim;
  }

  /**
   * Turns noise into the latents of tokens, row after row, in place.
   *
   * @param ids n tokens
   * @param noise n * d standard normal numbers; becomes the latents
   * @throws DataException if an id is outside the codebook
   */
  float[] encode(int[] ids, float[] noise) {
    for (int i = 0; i < ids.length; i++) {
      int id = ids[i];
      if (id < 0 || id >= vocabSize()) {
        throw new DataException("id " + id + " at position " + i + " is outside the codebook of " + vocabSize() + " tokens");
      }
      double scale = Math.exp(logScales[logScales.length == 1 ? 0 : id]);
      for (int c = 0; c < dim; c++) {
        noise[i * dim + c] = (float) (means[id * dim + c] + scale * noise[i * dim + c]);
      }
    }
    return noise;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LatentCodebook that && dim == that.dim && Arrays.equals(means, that.means)
        && Arrays.equals(logScales, that.logScales);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(means) + Arrays.hashCode(logScales);
  }

  @Override
  public String toString() {
    return "LatentCodebook[" + vocabSize() + " tokens, d = " + dim + "]";
  }
}
