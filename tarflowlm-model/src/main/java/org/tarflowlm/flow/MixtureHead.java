package org.tarflowlm.flow;

import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.MomentMatched;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.coupling.near.NearComponents;
import org.tarflowlm.coupling.near.NearRosenblatt;
import org.tarflowlm.kernel.RowProduct;
import org.tarflowlm.vector.DoubleLoops;

/** The head of a flow with shared components, Mix-d or affine: one linear map to the K weights of each token at the position. */
final class MixtureHead implements CouplingHead {
  private final RowProduct head;
  private final PatchHead patch;
  private final Components components;
  private final boolean affine;
  private final TokenFilter filter;
  private final TokenMargin tokenMargin;
  private final Workspace workspace;
  /** Null where there are too few components for it to pay. */
  private final NearRosenblatt near;
  /** Logits, [rows * P * K]. */
  private float[] out;
  private double[] margin = new double[0];
  private final double[] logits;
  private final double[] scratch;

  /**
   * @param head [H, P*K]
   * @param patch makes logits depend on earlier tokens of the patch; or null
   * @param affine whether the coupling is {@link MomentMatched}
   * @param filter changes the logits of every token before use
   * @param tokenMargin measures margins, or null
   */
  MixtureHead(RowProduct head, PatchHead.Weights patch, Components components, boolean affine, TokenFilter filter,
      TokenMargin tokenMargin, Workspace workspace) {
    this.head = head;
    this.patch = patch == null ? null : new PatchHead(patch);
    this.components = components;
    this.affine = affine;
    this.filter = filter;
    this.tokenMargin = tokenMargin;
    this.workspace = workspace;
    near = components.count() >= NearComponents.MANY ? new NearRosenblatt() : null;
    out = new float[0];
    logits = new double[components.count()];
    scratch = new double[components.count()];
  }

  @Override
  public void read(float[] features, int from, int to) {
    if (out.length < to * head.out()) {
      out = new float[to * head.out()];
    }
    head.run(features, from, to, out);
    if (patch != null) {
      patch.read(features, from, to);
    }
  }

  @Override
  public void inverse(int from, int to, double[][] u, double[][] z, int[] at) {
    if (margin.length < to) {
      margin = new double[to];
    }
    for (int row = from; row < to; row++) {
      margin[row] = 1.0;
      for (int token = 0; token < tokens(); token++) {
        int channel = at[row] + token * components.dims();
        readLogits(row, token, z[row], at[row]);
        if (affine) {
          MomentMatched.inverse(u[row], channel, logits, 0, components, z[row], channel, workspace);
          margin[row] = 0.0;
        } else if (near != null) {
          near.inverse(u[row], channel, logits, components, z[row], channel, tokenMargin, workspace);
        } else {
          MixtureRosenblatt.inverse(u[row], channel, logits, 0, components, z[row], channel, tokenMargin, workspace);
        }
        if (!affine) {
          margin[row] = tokenMargin == null ? 0.0 : Math.min(margin[row], tokenMargin.margin());
        }
      }
    }
  }

  @Override
  public double margin(int row) {
    return margin[row];
  }

  @Override
  public void forward(int row, double[] z, double[][] u, int at, double[] logDets) {
    for (int token = 0; token < tokens(); token++) {
      int channel = at + token * components.dims();
      readLogits(row, token, z, at);
      if (affine) {
        MomentMatched.forward(z, channel, logits, 0, components, u[0], channel, workspace);
      } else if (near != null) {
        near.forward(z, channel, logits, components, u[0], channel, workspace);
      } else {
        MixtureRosenblatt.forward(z, channel, logits, 0, components, u[0], channel, workspace);
      }
      logDets[0] += workspace.logDet();
    }
  }

  /** Probabilities of the components, [K], for a token of a row's position. */
  void weights(int row, int token, double[] p) {
    readLogits(row, token, null, 0);
    double most = DoubleLoops.max(logits, 0, logits.length);
    double sum = 0.0;
    for (int k = 0; k < logits.length; k++) {
      p[k] = Math.exp(logits[k] - most);
      sum += p[k];
    }
    for (int k = 0; k < logits.length; k++) {
      p[k] /= sum;
    }
  }

  private int tokens() {
    return head.out() / logits.length;
  }

  /** Reads a token's logits; z from {@code at} on must hold the earlier tokens of its patch. */
  private void readLogits(int row, int token, double[] z, int at) {
    for (int k = 0; k < logits.length; k++) {
      logits[k] = out[row * head.out() + token * logits.length + k];
    }
    if (patch != null) {
      patch.add(row, token, z, at, logits);
    }
    filter.apply(logits, scratch);
  }
}
