package org.tarflowlm.flow;

import java.util.Arrays;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.kernel.RowProduct;

/**
 * The head of a Mix-d flow that maps only some channels of a token ({@link FlowSpec#isPartial}). The channels before these update the
 * tokens' weights by Bayes' rule; the mixture is the codebook's, restricted to the flow's own channels.
 */
final class PartialHead implements CouplingHead {
  /** Immutable; threads may share it. */
  static final class Weights {
    private final RowProduct head;
    private final int first;
    private final int end;
    private final int channels;
    private final Components before;
    private final Components own;
    /** For each token, the first one with the same component in the flow's own channels. */
    private final int[] representative;

    /** @param head [H, K] */
    Weights(RowProduct head, Components codebook, FlowSpec spec) {
      this.head = head;
      channels = codebook.dims();
      first = spec.firstChannel();
      end = spec.endChannel(channels);
      before = first == 0 ? null : codebook.slice(0, first);
      own = codebook.slice(first, end);
      representative = own.firstEquals();
    }
  }

  private final Weights w;
  private final TokenFilter filter;
  private final Workspace workspace;
  private float[] out = new float[0];
  private final double[] logits;
  private final double[] scratch;

  PartialHead(Weights weights, TokenFilter filter, Workspace workspace) {
    w = weights;
    this.filter = filter;
    this.workspace = workspace;
    logits = new double[w.own.count()];
    scratch = new double[w.own.count()];
  }

  @Override
  public void read(float[] features, int from, int to) {
    if (out.length < to * w.head.out()) {
      out = new float[to * w.head.out()];
    }
    w.head.run(features, from, to, out);
  }

  @Override
  public void inverse(int from, int to, double[][] u, double[][] z, int[] at) {
    for (int row = from; row < to; row++) {
      keepOthers(u[row], z[row], at[row]);
      readLogits(row, z[row], at[row]);
      int channel = at[row] + w.first;
      MixtureRosenblatt.inverse(u[row], channel, logits, 0, w.own, z[row], channel, workspace);
    }
  }

  @Override
  public double margin(int row) {
    return 0.0;
  }

  @Override
  public void forward(int row, double[] z, double[][] u, int at, double[] logDets) {
    keepOthers(z, u[0], at);
    readLogits(row, z, at);
    MixtureRosenblatt.forward(z, at + w.first, logits, 0, w.own, u[0], at + w.first, workspace);
    logDets[0] += workspace.logDet();
  }

  private void keepOthers(double[] from, double[] to, int at) {
    System.arraycopy(from, at, to, at, w.first);
    System.arraycopy(from, at + w.end, to, at + w.end, w.channels - w.end);
  }

  private void readLogits(int row, double[] z, int at) {
    Arrays.fill(logits, 0.0);
    if (w.before != null) {
      Codebook.logDensities(z, at, w.before, logits, 0, workspace);
    }
    for (int k = 0; k < logits.length; k++) {
      logits[k] += out[row * logits.length + k];
    }
    mergeEquals();
    filter.apply(logits, scratch);
  }

  /** Merges tokens that these channels cannot tell apart, so that the filter sees one outcome with their total probability. */
  private void mergeEquals() {
    for (int k = 0; k < logits.length; k++) {
      int same = w.representative[k];
      if (same != k) {
        double more = Math.max(logits[same], logits[k]);
        logits[same] = more + Math.log(Math.exp(logits[same] - more) + Math.exp(logits[k] - more));
        logits[k] = TokenFilter.REMOVED;
      }
    }
  }
}
