package org.tarflowlm.nn;

import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A learning rate that rises linearly during warm-up and then falls along a half cosine to a fraction of its peak.
 *
 * @param peak the highest learning rate
 * @param warmup number of warm-up iterations
 * @param total iterations after which the rate stays at {@code finalFraction * peak}
 */
public record WarmupCosineSchedule(@JsonProperty("peak") double peak, @JsonProperty("warmup") int warmup, @JsonProperty("total") int total,
    @JsonProperty("finalFraction") double finalFraction) implements ISchedule {

  @Override
  public double valueAt(int iteration, int epoch) {
    double rise = warmup <= 0 ? 1 : Math.min(1, (iteration + 1.0) / warmup);
    double progress = total <= warmup ? 0 : Math.min(1, Math.max(0, (iteration - warmup) / (double) (total - warmup)));
    double fall = finalFraction + (1 - finalFraction) * 0.5 * (1 + Math.cos(Math.PI * progress));
    return peak * rise * fall;
  }

  @Override
  public ISchedule clone() {
    return new WarmupCosineSchedule(peak, warmup, total, finalFraction);
  }
}
