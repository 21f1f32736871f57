package org.tarflowlm.config;

import org.tarflowlm.json.ConfigException;

/**
 * How weights start. The paper does not say; matrices start with standard deviation 1 / sqrt(fan-in), residual outputs with
 * 1 / sqrt(2 * layers * fan-in), because GPT-2's 0.02 rests on the bigram plateau for hundreds of steps at small widths.
 *
 * @param inputStd root mean square of the projected input of a flow; default 0.5
 * @param positionStd standard deviation of the position embedding; like the input's size, or attention cannot see positions; default 0.5
 * @param innerSpread flows after the first start near the identity: component means at this times normal quantiles; default 0.1
 * @param positions what the position embedding starts as; default NORMAL
 */
public record InitSpec(Double inputStd, Double positionStd, Double innerSpread, Positions positions) {

  /** Initial values of the learned position embeddings. */
  public enum Positions {
    /** Drawn from a normal distribution, each position for itself. */
    NORMAL,
    /**
     * Sines and cosines of the position, with wavelengths from 2 pi to 10,000 times that: a head then finds the position before
     * by one rotation, which is the same everywhere, and a model leaves the bigram plateau sooner.
     */
    SINUSOIDAL
  }

  public InitSpec {
    inputStd = inputStd == null ? 0.5 : inputStd;
    positionStd = positionStd == null ? 0.5 : positionStd;
    innerSpread = innerSpread == null ? 0.1 : innerSpread;
    positions = positions == null ? Positions.NORMAL : positions;
    ConfigException.requirePositive("inputStd", inputStd);
    ConfigException.requirePositive("positionStd", positionStd);
    ConfigException.require(innerSpread >= 0 && innerSpread < 1, "innerSpread", "is " + innerSpread + "; expected a number in [0, 1)");
  }

  public static InitSpec defaults() {
    return new InitSpec(null, null, null, null);
  }
}
