package org.tarflowlm.config;

import org.tarflowlm.json.ConfigException;

/**
 * How weights are initialised, which the paper does not say. Matrices start with standard deviation 1 / sqrt(fan-in), residual outputs
 * with 1 / sqrt(2 * layers * fan-in). With GPT-2's 0.02, narrow models stay on the bigram plateau for hundreds of steps.
 *
 * @param inputStd root mean square of the projected input of a flow; default 0.5
 * @param positionStd standard deviation of the position embedding; if far below inputStd, attention cannot see positions; default 0.5
 * @param innerSpread flows after the first start near the identity, with component means at this times normal quantiles; default 0.1
 * @param positions how the position embedding starts; default NORMAL
 * @param codebookFlow the Mix-1 flow with a component per token whose head starts at the codebook; flows before it start near the
 *     identity. Default 0, the first one, where it is such a flow
 */
public record InitSpec(Double inputStd, Double positionStd, Double innerSpread, Positions positions, Integer codebookFlow) {

  /** Initial values of the learned position embeddings. */
  public enum Positions {
    /** Each position is drawn independently from a normal distribution. */
    NORMAL,
    /**
     * Sines and cosines of the position, with wavelengths from 2 pi to 10,000 times that. A head can then find the previous position by
     * one rotation, the same everywhere, so the model leaves the bigram plateau sooner.
     */
    SINUSOIDAL
  }

  public InitSpec {
    inputStd = inputStd == null ? 0.5 : inputStd;
    positionStd = positionStd == null ? 0.5 : positionStd;
    innerSpread = innerSpread == null ? 0.1 : innerSpread;
    positions = positions == null ? Positions.NORMAL : positions;
    codebookFlow = codebookFlow == null ? 0 : codebookFlow;
    ConfigException.requirePositive("inputStd", inputStd);
    ConfigException.requirePositive("positionStd", positionStd);
    ConfigException.require(innerSpread >= 0 && innerSpread < 1, "innerSpread", "is " + innerSpread + "; expected a number in [0, 1)");
    ConfigException.requireAtLeast("codebookFlow", codebookFlow, 0);
  }

  public static InitSpec defaults() {
    return new InitSpec(null, null, null, null, null);
  }
}
