package org.tarflowlm.generate;

import java.util.Arrays;
import java.util.Random;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.flow.LatentDecoder;
import org.tarflowlm.flow.LatentEncoder;
import org.tarflowlm.flow.StackWeights;

/**
 * Fills a gap between two texts; {@link FlowGenerator#infill} says how.
 *
 * @param prompt the left text as it was given
 * @param before whole patches of the left text
 * @param gap tokens to fill in, whole patches
 * @param after whole patches of the right text
 */
record Infilling(StackWeights weights, Tokenizer tokenizer, int[] prompt, int[] before, int gap, int[] after, GenerationOptions options) {

  /** Text number {@code b} of a batch. */
  Generation text(int b) {
    TarFlowConfig config = weights.config();
    LatentDecoder decoder = new LatentDecoder(weights.codebook());
    int d = config.latentDim();
    int patch = config.patchSize();
    double[] z = known(b, d);
    int from = before.length / patch;
    int to = from + gap / patch;
    int positions = to + after.length / patch;
    SpanSampler sampler = new SpanSampler(weights, options.sampling().filter(), options.noiseTemperature(), 1, positions, from, to);
    Random random = Prompts.random(options.seed(), b);
    double accepted = sampler.draw(new double[][] {z}, new Random[] {random}, options.refinements(), null);
    int[] tokens = decoder.decode(z, before.length, gap);
    int[][] levels = new int[options.showFlows() ? config.flows().size() + 1 : 0][];
    double[][] latents = new double[levels.length][];
    if (options.showFlows()) {
      double[][] h = sampler.levels(z);
      Arrays.setAll(levels, l -> decoder.decodeLevel(l, h[l], before.length, gap));
      Arrays.setAll(latents, l -> Arrays.copyOfRange(h[l], before.length * d, (before.length + gap) * d));
    }
    boolean exact = SpanSampler.isExactScan(config, positions, from, to);
    return new Generation(prompt, tokens, tokenizer.decode(tokens), levels, latents, exact, accepted);
  }

  /** z of both texts, and room for the gap. */
  private double[] known(int b, int d) {
    LatentEncoder encoder = new LatentEncoder(weights.codebook());
    double[] z = Arrays.copyOf(encoder.encode(before, options.seed(), b, 0), (before.length + gap + after.length) * d);
    double[] right = encoder.encode(after, options.seed(), b, before.length + gap);
    System.arraycopy(right, 0, z, z.length - right.length, right.length);
    return z;
  }
}
