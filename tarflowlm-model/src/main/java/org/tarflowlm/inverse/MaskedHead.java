package org.tarflowlm.inverse;

import org.tarflowlm.coupling.Affine;
import org.tarflowlm.coupling.MixtureCdf;
import org.tarflowlm.coupling.Workspace;

/**
 * The masked head evaluated channel by channel: the parameters of channel i need the context and the channels before i only, so each
 * newly found channel adds its share to the running sums of all later ones, and every weight is used once a position.
 */
final class MaskedHead implements CouplingHead {
  private final MaskedHeadWeights weights;
  private final double temperature;
  private final Workspace workspace;
  /** [rows * U * D], what the features give to the hidden units. */
  private float[] context = new float[0];
  /** Running sums before the activation, and the activated units. */
  private final float[] featureSum;
  private final float[] feature;
  private final float[] hiddenSum;
  private final float[] hidden;
  private final float[] out;
  private final float[] block;
  private final double[] theta;

  /** @param temperature divides the logits of a mixture */
  MaskedHead(MaskedHeadWeights weights, double temperature, Workspace workspace) {
    this.weights = weights;
    this.temperature = temperature;
    this.workspace = workspace;
    featureSum = new float[weights.featureBias.length];
    feature = new float[weights.featureBias.length];
    hiddenSum = new float[weights.context.out()];
    hidden = new float[weights.context.out()];
    out = new float[weights.outBias.length];
    block = new float[Math.max(weights.hiddenUnits, Math.max(weights.featureUnits, 3))];
    theta = new double[weights.numbers];
  }

  @Override
  public void read(float[] features, int from, int to) {
    if (context.length < to * weights.context.out()) {
      context = new float[to * weights.context.out()];
    }
    weights.context.run(features, from, to, context);
  }

  @Override
  public void inverse(int row, double[] u, double[] z, int at) {
    begin(row);
    for (int i = 0; i < weights.channels; i++) {
      parameters(i);
      z[at + i] = weights.affine
          ? Affine.inverse(u[at + i], theta[0], theta[1])
          : MixtureCdf.inverse(u[at + i], theta, 0, weights.mixtures, workspace);
      accept(i, z[at + i]);
    }
  }

  @Override
  public double forward(int row, double[] z, double[] u, int at) {
    begin(row);
    double logDet = 0.0;
    for (int i = 0; i < weights.channels; i++) {
      parameters(i);
      if (weights.affine) {
        u[at + i] = Affine.forward(z[at + i], theta[0], theta[1]);
        logDet += Affine.logDet(theta[1]);
      } else {
        u[at + i] = MixtureCdf.forward(z[at + i], theta, 0, weights.mixtures, workspace);
        logDet += workspace.logDet();
      }
      accept(i, z[at + i]);
    }
    return logDet;
  }

  private void begin(int row) {
    System.arraycopy(context, row * hiddenSum.length, hiddenSum, 0, hiddenSum.length);
    System.arraycopy(weights.featureBias, 0, featureSum, 0, featureSum.length);
    System.arraycopy(weights.outBias, 0, out, 0, out.length);
    finishHidden(0);
  }

  /** The parameters of channel i, packed as the couplings want them, into theta. */
  private void parameters(int i) {
    int numbers = weights.numbers;
    for (int j = 0; j < numbers; j++) {
      theta[j] = out[i * numbers + j];
    }
    if (!weights.affine && temperature != 1.0) {
      for (int j = 0; j < weights.mixtures; j++) {
        theta[j] /= temperature;
      }
    }
    double bound = weights.logScaleBound;
    for (int j = numbers - weights.mixtures; j < numbers; j++) {
      theta[j] = bound * Math.tanh(theta[j] / bound);
    }
  }

  /** Channel i is known: feature block i and hidden block i + 1 can be finished. */
  private void accept(int i, double value) {
    if (i == weights.channels - 1) {
      return;
    }
    block[0] = (float) value;
    block[1] = (float) (value > 0 ? value : Math.expm1(value));
    block[2] = (float) (value < 0 ? -value : Math.expm1(-value));
    int units = weights.featureUnits;
    int from = i * units;
    FloatLoops.addProduct(block, 3, weights.features, 3 * i, featureSum, from, featureSum.length);
    FloatLoops.elu(featureSum, feature, from, from + units);
    System.arraycopy(feature, from, block, 0, units);
    FloatLoops.addProduct(block, units, weights.hidden, from, hiddenSum, (i + 1) * weights.hiddenUnits, hiddenSum.length);
    finishHidden(i + 1);
  }

  private void finishHidden(int i) {
    int units = weights.hiddenUnits;
    int from = i * units;
    FloatLoops.elu(hiddenSum, hidden, from, from + units);
    System.arraycopy(hidden, from, block, 0, units);
    FloatLoops.addProduct(block, units, weights.out, from, out, i * weights.numbers, out.length);
  }
}
