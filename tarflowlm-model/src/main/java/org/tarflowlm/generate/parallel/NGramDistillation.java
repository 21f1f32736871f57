package org.tarflowlm.generate.parallel;

import java.util.Random;
import java.util.function.IntPredicate;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.flow.FlowTransform;
import org.tarflowlm.flow.FlowWeights;
import org.tarflowlm.flow.StackTransform;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.flow.TokenFilter;
import org.tarflowlm.kernel.Parallel;

/**
 * Makes an {@link NGramTable} that imitates a model whose first flow is Mix-d. The model writes texts, and each n-gram's weight is the sum
 * of the probabilities that the model gave it there. These say more than counts of the written tokens.
 */
public final class NGramDistillation {
  private static final int BATCH = 64;
  /** The table leaves out smaller probabilities. */
  private static final double LEAST = 2e-3;

  private final StackWeights weights;
  private final TarFlowConfig config;
  private final FlowWeights flow;

  private NGramDistillation(StackWeights weights) {
    this.weights = weights;
    config = weights.config();
    flow = weights.flows().get(0);
    if (flow.components() == null || !flow.spec().tied() || !flow.leftToRight()) {
      throw new IllegalArgumentException("the first flow is " + flow.spec().coupling() + ", " + flow.spec().direction()
          + (flow.spec().tied() ? "" : ", not tied") + "; expected a tied MIX_D, LEFT_TO_RIGHT");
    }
  }

  /**
   * Distils a table.
   *
   * @param order tokens of the longest n-grams
   * @param tokens least number of tokens for the model to write, in whole windows without a prompt
   * @param progress receives the number written so far; returns whether to continue
   * @throws IllegalArgumentException if the first flow is not Mix-d, tied to the codebook and read left to right, or a number is out of
   *     range
   */
  public static NGramTable of(StackWeights weights, int order, int tokens, long seed, IntPredicate progress) {
    if (order < 1 || order > NGramFile.MOST_ORDER || tokens < 1) {
      throw new IllegalArgumentException(tokens < 1 ? "tokens is " + tokens + "; expected at least 1"
          : "order is " + order + "; expected 1 to " + NGramFile.MOST_ORDER);
    }
    NGramDistillation distillation = new NGramDistillation(weights);
    NGramTable table = new NGramTable(weights.config().vocabSize(), order);
    Random random = new Random(seed);
    int window = weights.config().contextLength();
    boolean more = true;
    for (int done = 0; done < tokens && more;) {
      int texts = Math.min(BATCH, (tokens - done + window - 1) / window);
      distillation.write(texts, random, table);
      done += texts * window;
      more = progress.test(done);
    }
    return table;
  }

  private void write(int texts, Random random, NGramTable table) {
    double[][] u = new double[texts][config.positions() * config.channels()];
    for (double[] each : u) {
      for (int i = 0; i < each.length; i++) {
        each[i] = random.nextGaussian();
      }
    }
    double[][] z = new StackTransform(weights).inverse(u).latents().z();
    int[][] tokens = new int[texts][config.contextLength()];
    double[][][] p = new double[texts][config.contextLength()][config.vocabSize()];
    Parallel.runParts(texts, (first, end) -> {
      Workspace workspace = new Workspace();
      FlowTransform transform = new FlowTransform(flow, config.channels(), 1, config.positions(), TokenFilter.NONE, workspace);
      for (int b = first; b < end; b++) {
        transform.weights(z[b], p[b]);
        for (int t = 0; t < tokens[b].length; t++) {
          tokens[b][t] = Codebook.decode(z[b], t * config.latentDim(), weights.codebook(), workspace);
        }
      }
    });
    for (int b = 0; b < texts; b++) {
      for (int t = 0; t < tokens[b].length; t++) {
        table.learn(tokens[b], t, p[b][t], LEAST);
      }
    }
  }
}
