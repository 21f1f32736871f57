package org.tarflowlm.generate;

import java.util.Arrays;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.flow.LatentDecoder;
import org.tarflowlm.flow.LatentEncoder;
import org.tarflowlm.flow.StackTransform;
import org.tarflowlm.flow.StackWeights;

/** Reads a given text through the stack, so that it can be looked at level by level (paper section 5). May be used by many threads. */
public final class FlowReader {
  private final StackWeights weights;
  private final Tokenizer tokenizer;
  private final LatentDecoder decoder;

  public FlowReader(StackWeights weights, Tokenizer tokenizer) {
    this.weights = weights;
    this.tokenizer = tokenizer;
    decoder = new LatentDecoder(weights.codebook());
  }

  /**
   * All levels of a text: z = mu + sigma * noise of every token, then every flow's output.
   *
   * @param tokens whole patches, at most a window
   * @param seed of the encoder's noise
   * @return the text as if it had been generated, with {@code levels} and {@code latents}
   * @throws IllegalArgumentException if the text is empty, longer than the window or no whole number of patches, or a token is unknown
   */
  public Generation read(int[] tokens, long seed) {
    int patch = weights.config().patchSize();
    int window = weights.config().contextLength();
    Prompts.requireTokens(tokens, weights.config().vocabSize());
    if (tokens.length == 0 || tokens.length > window || tokens.length % patch != 0) {
      throw new IllegalArgumentException("the text has " + tokens.length + " tokens; expected 1 to " + window + ", the model's window"
          + (patch == 1 ? "" : ", in patches of " + patch));
    }
    double[] z = new LatentEncoder(weights.codebook()).encode(tokens, seed);
    double[][][] h = new StackTransform(weights).forward(new double[][] {z}).latents().h();
    double[][] latents = Arrays.stream(h).map(level -> level[0]).toArray(double[][]::new);
    int[][] levels = new int[latents.length][];
    Arrays.setAll(levels, l -> decoder.decodeLevel(l, latents[l], 0, tokens.length));
    return new Generation(new int[0], tokens, tokenizer.decode(tokens), levels, latents, true, 1.0);
  }
}
