package org.tarflowlm.train;

import java.util.function.Supplier;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Exponential moving average of a network's weights, a = c a + (1 - c) w after each update, with c = min(decay, (1 + t) / (10 + t)) at
 * update t, so that the start is soon forgotten.
 */
final class WeightAverage {
  private final INDArray weights;
  private final INDArray average;
  private final double decay;

  /** @param weights flat array of the network, which updates change in place */
  WeightAverage(INDArray weights, double decay) {
    this.weights = weights;
    this.average = weights.dup();
    this.decay = decay;
  }

  /** The average, flat; writing to it changes it. */
  INDArray values() {
    return average;
  }

  /** @param update its number, from 1 */
  void add(int update) {
    double keep = Math.min(decay, (1.0 + update) / (10.0 + update));
    average.muli(keep);
    Nd4j.getBlasWrapper().level1().axpy(weights.length(), 1 - keep, weights, average);
  }

  /** Does something with the network while it has the averaged weights. */
  <T> T using(Supplier<T> action) {
    try (INDArray own = weights.dup()) {
      weights.assign(average);
      try {
        return action.get();
      } finally {
        weights.assign(own);
      }
    }
  }
}
