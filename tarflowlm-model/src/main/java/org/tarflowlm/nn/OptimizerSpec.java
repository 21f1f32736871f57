package org.tarflowlm.nn;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.Records;

/**
 * Adam with decoupled weight decay on matrices, clipping by the global gradient norm, warm-up and cosine decay. The paper does not name
 * its optimiser; these defaults trained every coupling without a non-finite gradient.
 *
 * @param learningRate peak; default 3e-3
 * @param warmupSteps default 50
 * @param finalFraction learning rate at the last step, as a fraction of the peak; default 0.05
 * @param beta1 default 0.9
 * @param beta2 default 0.95
 * @param weightDecay default 0.01
 * @param clipNorm largest global norm of the gradient of the loss in nats per token; larger gradients are scaled down; default 1
 * @param skipNorm skips updates whose gradient norm before clipping is above this or not finite; default 0: skips none
 * @param skipAfter of this many first updates, skips only those whose norm is not finite; default 100
 * @param rateFactors factors of the learning rate, and thus of the decay, by part of the model, such as {@code codebook}, or
 *     {@code flow0.maf} for a masked head; if two names cover a parameter, the longer one applies; default none
 */
public record OptimizerSpec(Double learningRate, Integer warmupSteps, Double finalFraction, Double beta1, Double beta2,
    Double weightDecay, Double clipNorm, Double skipNorm, Integer skipAfter, Map<String, Double> rateFactors) {

  public OptimizerSpec {
    learningRate = learningRate == null ? 3e-3 : learningRate;
    warmupSteps = warmupSteps == null ? 50 : warmupSteps;
    finalFraction = finalFraction == null ? 0.05 : finalFraction;
    beta1 = beta1 == null ? 0.9 : beta1;
    beta2 = beta2 == null ? 0.95 : beta2;
    weightDecay = weightDecay == null ? 0.01 : weightDecay;
    clipNorm = clipNorm == null ? 1.0 : clipNorm;
    skipNorm = skipNorm == null ? 0.0 : skipNorm;
    skipAfter = skipAfter == null ? 100 : skipAfter;
    rateFactors = rateFactors == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(rateFactors));
    requireWithin("learningRate", learningRate, 0, 10);
    ConfigException.requireAtLeast("warmupSteps", warmupSteps, 0);
    requireWithin("finalFraction", finalFraction, 0, 1);
    requireWithin("beta1", beta1, 0, 1);
    requireWithin("beta2", beta2, 0, 1);
    requireWithin("weightDecay", weightDecay, 0, 1);
    requireWithin("clipNorm", clipNorm, 0, Double.MAX_VALUE);
    requireWithin("skipNorm", skipNorm, 0, Double.MAX_VALUE);
    ConfigException.requireAtLeast("skipAfter", skipAfter, 0);
    rateFactors.forEach((part, factor) -> requireWithin("rateFactors." + part, factor, 0, 100));
  }

  public static OptimizerSpec defaults() {
    return new OptimizerSpec(null, null, null, null, null, null, null, null, null, null);
  }

  /** The defaults with a constant learning rate: no warm-up, no decay. */
  public static OptimizerSpec constant(double learningRate) {
    return defaults().withLearningRate(learningRate).withWarmupSteps(0).withFinalFraction(1.0);
  }

  public OptimizerSpec withLearningRate(double value) {
    return Records.with(this, "learningRate", value);
  }

  public OptimizerSpec withWarmupSteps(int value) {
    return Records.with(this, "warmupSteps", value);
  }

  public OptimizerSpec withFinalFraction(double value) {
    return Records.with(this, "finalFraction", value);
  }

  public OptimizerSpec withBetas(double first, double second) {
    return Records.with(Records.with(this, "beta1", first), "beta2", second);
  }

  public OptimizerSpec withWeightDecay(double value) {
    return Records.with(this, "weightDecay", value);
  }

  public OptimizerSpec withClipNorm(double value) {
    return Records.with(this, "clipNorm", value);
  }

  public OptimizerSpec withRateFactors(Map<String, Double> value) {
    return Records.with(this, "rateFactors", value);
  }

  private static void requireWithin(String key, double value, double least, double most) {
    ConfigException.require(value >= least && value <= most, key, "is " + value + "; expected a number between " + least + " and " + most);
  }
}
