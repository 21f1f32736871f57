package org.tarflowlm.nn;

import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * The learning rate of an updater times a factor. A record because DL4J updates neighbouring parameters together where their updaters
 * are equal. Never written to a file: there the updater and the factors stand apart.
 */
record ScaledSchedule(IUpdater updater, double factor) implements ISchedule {
  /** An updater as the given one, with its learning rate times a factor; itself where it has none or the factor is 1. */
  static IUpdater scale(IUpdater updater, double factor) {
    if (updater == null || factor == 1 || !updater.hasLearningRate()) {
      return updater;
    }
    IUpdater copy = updater.clone();
    copy.setLrAndSchedule(Double.NaN, new ScaledSchedule(updater, factor));
    return copy;
  }

  @Override
  public double valueAt(int iteration, int epoch) {
    return factor * updater.getLearningRate(iteration, epoch);
  }

  @Override
  public ISchedule clone() {
    return new ScaledSchedule(updater.clone(), factor);
  }
}
