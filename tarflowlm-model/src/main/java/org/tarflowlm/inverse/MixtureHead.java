package org.tarflowlm.inverse;

import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.Workspace;

/** The head of a Mix-d flow: one linear map to the K weights of each token of the position; the components are shared. */
final class MixtureHead implements CouplingHead {
  private final DenseLayer head;
  private final Components components;
  private final TokenFilter filter;
  private final Workspace workspace;
  private final float[] out;
  private final double[] logits;
  private final double[] scratch;

  /**
   * @param head [H, P*K]
   * @param filter changes the logits of every token before they are used
   */
  MixtureHead(DenseLayer head, Components components, TokenFilter filter, Workspace workspace) {
    this.head = head;
    this.components = components;
    this.filter = filter;
    this.workspace = workspace;
    out = new float[head.out()];
    logits = new double[components.count()];
    scratch = new double[components.count()];
  }

  @Override
  public void inverse(float[] features, double[] u, double[] z, int at) {
    head.apply(features, out);
    for (int token = 0; token < tokens(); token++) {
      int channel = at + token * components.dims();
      readLogits(token);
      MixtureRosenblatt.inverse(u, channel, logits, 0, components, z, channel, workspace);
    }
  }

  @Override
  public double forward(float[] features, double[] z, double[] u, int at) {
    head.apply(features, out);
    double logDet = 0.0;
    for (int token = 0; token < tokens(); token++) {
      int channel = at + token * components.dims();
      readLogits(token);
      MixtureRosenblatt.forward(z, channel, logits, 0, components, u, channel, workspace);
      logDet += workspace.logDet();
    }
    return logDet;
  }

  private int tokens() {
    return out.length / logits.length;
  }

  private void readLogits(int token) {
    for (int k = 0; k < logits.length; k++) {
      logits[k] = out[token * logits.length + k];
    }
    filter.apply(logits, scratch);
  }
}
