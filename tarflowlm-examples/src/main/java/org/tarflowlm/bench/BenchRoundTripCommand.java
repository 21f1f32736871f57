package org.tarflowlm.bench;

import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.commons.math3.util.MathArrays;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.data.corpus.Corpora;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.TokenWindows;
import org.tarflowlm.flow.LatentDecoder;
import org.tarflowlm.flow.StackTransform;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.zoo.TarFlowZoo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Sends real text through the flows and back. */
@Command(name = "round-trip", mixinStandardHelpOptions = true, description = {
    "Encode windows of a text, map their latents z to noise and back, and report the largest difference, wrong tokens, and root-finding "
        + "iterations per scalar.", "Exit code 1 if a token is wrong."})
final class BenchRoundTripCommand extends BaseCommand {
  /** Windows that go through the flows together. */
  private static final int GROUP = 16;

  @Option(names = "--model", paramLabel = "ID|DIR", defaultValue = "text8-mixd", description = "default ${DEFAULT-VALUE}")
  private String model;

  @Option(names = "--input", paramLabel = "FILE", required = true, description = "a text, or a part of a corpus, such as text8:test")
  private String input;

  @Option(names = "--windows", paramLabel = "N", defaultValue = "1000", description = "windows, spread evenly; default ${DEFAULT-VALUE}")
  private int windows;

  @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "seed of the encoder's noise; default ${DEFAULT-VALUE}")
  private long seed;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    Checkpoint checkpoint = TarFlowZoo.resolve(model);
    TarFlowConfig config = checkpoint.config();
    StackWeights weights = StackWeights.of(config, checkpoint::values);
    StackTransform stack = new StackTransform(weights);
    LatentDecoder decoder = new LatentDecoder(weights.codebook());
    Random random = new Random(seed);
    double worst = 0;
    long wrong = 0;
    long iterations = 0;
    long roots = 0;
    try (TokenSequence text = Corpora.fromEnvironment().open(input, Tokenizers.byName(checkpoint.info().tokenizer()))) {
      int[][] ids = TokenWindows.toTheEnds(input, text, config.contextLength(), windows);
      for (int first = 0; first < windows; first += GROUP) {
        double[][] z = Arrays.stream(ids, first, Math.min(first + GROUP, windows)).map(each -> encode(each, weights, random))
            .toArray(double[][]::new);
        StackTransform.Inverse inverse = stack.inverse(stack.forward(z).latents().u());
        iterations += inverse.rootIterations();
        roots += inverse.roots();
        for (int b = 0; b < z.length; b++) {
          double[] back = inverse.latents().z()[b];
          worst = Math.max(worst, MathArrays.distanceInf(back, z[b]));
          int[] tokens = decoder.decode(back);
          int[] expected = decoder.decode(z[b]);
          wrong += IntStream.range(0, tokens.length).filter(t -> tokens[t] != expected[t]).count();
        }
      }
    }
    print(worst, wrong, (double) iterations / Math.max(1, roots));
    return wrong == 0 ? 0 : 1;
  }

  private static double[] encode(int[] ids, StackWeights weights, Random random) {
    int d = weights.codebook().dims();
    double[] z = new double[ids.length * d];
    double[] noise = new double[d];
    for (int t = 0; t < ids.length; t++) {
      Arrays.setAll(noise, i -> random.nextGaussian());
      Codebook.encode(ids[t], noise, 0, weights.codebook(), z, t * d);
    }
    return z;
  }

  private void print(double worst, long wrong, double meanIterations) {
    Map<String, Object> result = Json.object("model", model, "windows", windows, "largestDifference", worst, "wrongTokens", wrong,
        "meanRootIterations", meanIterations);
    out().println(json ? Json.of(result)
        : String.format("%,d windows: largest difference %.2e, %d wrong tokens, %.2f root-finding iterations per scalar",
            windows, worst, wrong, meanIterations));
  }
}
