package org.tarflowlm.generate.parallel;

import org.tarflowlm.flow.FlowOrder;

/** The flow's own noise as guess of its output: good for flows that change little, which the later flows of a stack do. */
final class NoiseDraft implements Draft {
  private final int channels;
  private FlowOrder order;

  NoiseDraft(int channels) {
    this.channels = channels;
  }

  @Override
  public void begin(double[] z, int known, FlowOrder readingOrder) {
    order = readingOrder;
  }

  @Override
  public void prepare() {
    // nothing is needed
  }

  @Override
  public double guess(double[] u, double[] z, int i) {
    int at = order.time(i) * channels;
    System.arraycopy(u, at, z, at, channels);
    return 1.0;
  }

  @Override
  public boolean misled(double[] z, int i) {
    return false;
  }

  @Override
  public void end() {
    // nothing is learned
  }
}
