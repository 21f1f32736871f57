package org.tarflowlm.nn;

import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.WindowGraph;

/**
 * What a model expects at each position, given the tokens before it in its window. A discrete model gives the probability of every token.
 * Of a flow model the data-side flow does, if it reads token by token from left to right and its components are the codebook's: its
 * mixture weights (paper section 3.2). The flows after it move mass between these components, so the weights are not the whole model's
 * probabilities; with one flow and a sharp code they are (Proposition 4). Other flows say nothing of tokens.
 */
public final class NextTokens {
  private NextTokens() {}

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
   * Logits of the tokens at each position of a window, [tokens][V].
   *
   * @param from tokens of the text before the window, which select the encoder's noise
   * @param seed of the noise
   * @throws IllegalArgumentException if the model does not say ({@link #areKnown})
   */
  public static float[][] logits(TarFlowLayer layer, int[] window, long from, long seed) {
    TarFlowConfig config = layer.model();
    if (!areKnown(config)) {
      throw new IllegalArgumentException("the model's flows say nothing of the next token; expected a discrete model, or one whose first "
          + "flow is MIX_D, tied, LEFT_TO_RIGHT, over single tokens");
    }
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
}
