package org.tarflowlm.nn;

import java.util.Objects;
import org.nd4j.linalg.schedule.ISchedule;

/** Learning rate that rises linearly over the warm-up and then falls along a half cosine to a fraction of its peak. */
public final class WarmupCosineSchedule implements ISchedule {
  private static final long serialVersionUID = 1L;

  private double peak;
  private int warmup;
  private int total;
  private double finalFraction;

  /** For DL4J's JSON only. */
  WarmupCosineSchedule() {}

  /**
   * @param peak the highest learning rate
   * @param warmup iterations of the rise
   * @param total iterations after which the rate stays at {@code finalFraction * peak}
   */
  public WarmupCosineSchedule(double peak, int warmup, int total, double finalFraction) {
    this.peak = peak;
    this.warmup = warmup;
    this.total = total;
    this.finalFraction = finalFraction;
  }

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

  @Override
  public boolean equals(Object other) {
    return other instanceof WarmupCosineSchedule that && peak == that.peak && warmup == that.warmup && total == that.total
        && finalFraction == that.finalFraction;
  }

  @Override
  public int hashCode() {
    return Objects.hash(peak, warmup, total, finalFraction);
  }

  public double getPeak() {
    return peak;
  }

  public void setPeak(double peak) {
    this.peak = peak;
  }

  public int getWarmup() {
    return warmup;
  }

  public void setWarmup(int warmup) {
    this.warmup = warmup;
  }

  public int getTotal() {
    return total;
  }

  public void setTotal(int total) {
    this.total = total;
  }

  public double getFinalFraction() {
    return finalFraction;
  }

  public void setFinalFraction(double finalFraction) {
    this.finalFraction = finalFraction;
  }
}
