package org.tarflowlm.nn;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.WindowGraph;

/**
 * Which tokens a model expects at each position, given earlier tokens of the window. A discrete model gives every token's probability.
 * In a flow model, the first flow's mixture weights do (paper section 3.2), if it reads single tokens from left to right and is tied to
 * the codebook. Later flows move mass between components, so these weights are not the whole model's probabilities, except with a single
 * flow and a sharp code (Proposition 4). Other flows give no token probabilities.
 */
public final class NextTokens {
  private NextTokens() {}

  /** Whether a model gives token probabilities. */
  public static boolean areKnown(TarFlowConfig config) {
    if (!config.isFlow()) {
      return true;
    }
    FlowSpec first = config.flows().get(0);
    return first.coupling() == Coupling.MIX_D && first.tied() && !first.isPartial() && first.direction() == Direction.LEFT_TO_RIGHT
        && config.patchSize() == 1;
  }

  /**
   * Logits of all tokens at each position of a window.
   *
   * @param from number of tokens before the window in its text; it selects the encoder's noise
   * @param seed of the noise
   * @return [tokens][V]
   * @throws IllegalArgumentException if the model gives no token probabilities ({@link #areKnown})
   */
  public static float[][] logits(TarFlowLayer layer, int[] window, long from, long seed) {
    TarFlowConfig config = layer.model();
    if (!areKnown(config)) {
      throw new IllegalArgumentException("the model's flows give no token probabilities; expected a discrete model, or one whose first "
          + "flow is MIX_D, tied, LEFT_TO_RIGHT, over single tokens");
    }
    boolean discrete = !config.isFlow();
    String features = discrete ? WindowGraph.FEATURES : WindowGraph.features(0);
    String head = discrete ? "lm.head" : "flow0.head";
    int d = config.latentDim();
    try (INDArray ids = Nd4j.createFromArray(window).reshape(1, window.length);
        INDArray noise = discrete ? null : EncoderNoise.part(seed, 0, from * d, DataType.FLOAT, 1, window.length, d);
        INDArray states = PaddedWindows.output(layer, features, ids, noise);
        INDArray logits = states.reshape(window.length, config.width()).mmul(layer.getParam(head + ".weight"))) {
      return logits.addiRowVector(layer.getParam(head + ".bias").reshape(1, config.vocabSize())).toFloatMatrix();
    }
  }
}
