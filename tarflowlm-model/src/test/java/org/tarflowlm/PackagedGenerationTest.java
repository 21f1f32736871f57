package org.tarflowlm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.flow.LatentDecoder;
import org.tarflowlm.flow.StackTransform;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.generate.parallel.Decoding;
import org.tarflowlm.zoo.TarFlowZoo;

/** The packaged flow model inverts real text. */
class PackagedGenerationTest {
  private static final int WINDOWS = 12;

  @Test
  void realTextComesBack() {
    Checkpoint checkpoint = TarFlowZoo.load(TarFlowLM.DEFAULT);
    int length = checkpoint.config().contextLength();
    StackWeights weights = StackWeights.of(checkpoint.config(), checkpoint::values);
    double[][] z = new double[WINDOWS][];
    try (TarFlowLM model = TarFlowLM.of(checkpoint)) {
      for (int b = 0; b < WINDOWS; b++) {
        int at = (Excerpt.text().length() - length) / WINDOWS * b;
        double[][] rows = model.encode(Excerpt.text().substring(at, at + length), b);
        z[b] = Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
      }
    }
    StackTransform stack = new StackTransform(weights);
    StackTransform.Inverse inverse = stack.inverse(stack.forward(z).latents().u());
    LatentDecoder decoder = new LatentDecoder(weights.codebook());
    for (int b = 0; b < WINDOWS; b++) {
      assertArrayEquals(z[b], inverse.latents().z()[b], 1e-4, "window " + b);
      assertArrayEquals(decoder.decode(z[b]), decoder.decode(inverse.latents().z()[b]));
    }
    assertTrue(inverse.meanRootIterations() <= 6, "mean root-finding iterations " + inverse.meanRootIterations());
  }

  @Test
  void parallelDecodingWritesTheSameTexts() {
    try (TarFlowLM model = TarFlowLM.pretrained()) {
      GenerationOptions options = GenerationOptions.defaults().withMaxNewTokens(128);
      for (int seed = 0; seed < 20; seed++) {
        String steps = model.generate("", options.withSeed(seed).withDecoding(Decoding.SEQUENTIAL)).get(0).text();
        assertEquals(steps, model.generate("", options.withSeed(seed).withDecoding(Decoding.PARALLEL)).get(0).text(), "seed " + seed);
      }
    }
  }
}
