package org.tarflowlm.nn;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.graph.WindowGraph;

/**
 * What a model expects at each position, given the tokens before it in its window. A discrete model gives the probability of every token.
 * Of a flow model the data-side flow does, if it reads token by token from left to right and its components are the codebook's: its
 * mixture weights (paper section 3.2). The flows after it move mass between these components, so the weights are not the whole model's
 * probabilities; with one flow and a sharp code they are (Proposition 4). Other flows say nothing of tokens.
 */
public final class NextTokens {
  private NextTokens() {}

  /**
   * A token and how probable it is.
   *
   * @param nats log of its probability
   */
  public record Choice(int token, double nats) {}

  /** Whether a model says which tokens it expects. */
  public static boolean areKnown(TarFlowConfig config) {
    if (config.model() == ModelType.AUTOREGRESSIVE) {
      return true;
    }
    FlowSpec first = config.flows().get(0);
    return first.coupling() == Coupling.MIX_D && first.tied() && !first.isPartial() && first.direction() == Direction.LEFT_TO_RIGHT
        && config.patchSize() == 1;
  }

  /**
   * The most probable tokens at each position of a text, which is read in windows that do not see each other, as in scoring.
   *
   * @param count how many
   * @param seed of the encoder's noise
   * @return of each position the token that is there, then the most probable ones in falling order
   * @throws IllegalArgumentException if the model does not say ({@link #areKnown})
   */
  public static List<List<Choice>> of(TarFlowLayer layer, TokenSequence tokens, int count, long seed) {
    TarFlowConfig config = layer.model();
    if (!areKnown(config)) {
      throw new IllegalArgumentException("the model's flows say nothing of the next token; expected a discrete model, or one whose first "
          + "flow is MIX_D, tied, LEFT_TO_RIGHT, over single tokens");
    }
    List<List<Choice>> result = new ArrayList<>();
    for (long from = 0; from < tokens.length(); from += config.contextLength()) {
      int[] window = new int[(int) Math.min(config.contextLength(), tokens.length() - from)];
      tokens.read(from, window, 0, window.length);
      float[][] logits = logits(layer, window, from, seed);
      for (int t = 0; t < window.length; t++) {
        result.add(choices(logits[t], window[t], count));
      }
    }
    return result;
  }

  /** What a head gives at each position of a window, [tokens][V], from its features. */
  private static float[][] logits(TarFlowLayer layer, int[] window, long from, long seed) {
    TarFlowConfig config = layer.model();
    boolean discrete = config.model() == ModelType.AUTOREGRESSIVE;
    String features = discrete ? WindowGraph.FEATURES : WindowGraph.features(0);
    String head = discrete ? "lm.head" : "flow0.head";
    int d = config.latentDim();
    try (INDArray ids = Nd4j.createFromArray(window).reshape(1, window.length);
        INDArray noise = discrete ? null : EncoderNoise.part(seed, 0, from * d, DataType.FLOAT, 1, window.length, d);
        INDArray states = layer.evaluate(List.of(features), ids, noise).get(features);
        INDArray logits = states.reshape(window.length, config.width()).mmul(layer.getParam(head + ".weight"))) {
      return logits.addiRowVector(layer.getParam(head + ".bias").reshape(1, config.vocabSize())).toFloatMatrix();
    }
  }

  private static List<Choice> choices(float[] logits, int token, int count) {
    double max = Float.NEGATIVE_INFINITY;
    for (float each : logits) {
      max = Math.max(max, each);
    }
    double sum = 0;
    Comparator<Integer> worstFirst = Comparator.<Integer>comparingDouble(k -> logits[k]).thenComparing(Comparator.reverseOrder());
    PriorityQueue<Integer> best = new PriorityQueue<>(worstFirst);
    for (int k = 0; k < logits.length; k++) {
      sum += Math.exp(logits[k] - max);
      if (best.size() < count || count > 0 && logits[k] > logits[best.peek()]) {
        best.add(k);
        if (best.size() > count) {
          best.remove();
        }
      }
    }
    double norm = max + Math.log(sum);
    List<Choice> result = new ArrayList<>();
    result.add(new Choice(token, logits[token] - norm));
    best.stream().sorted(worstFirst.reversed()).forEach(k -> result.add(new Choice(k, logits[k] - norm)));
    return result;
  }
}
