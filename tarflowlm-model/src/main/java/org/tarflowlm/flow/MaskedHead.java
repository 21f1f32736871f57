package org.tarflowlm.flow;

import java.util.Arrays;
import org.tarflowlm.coupling.Affine;
import org.tarflowlm.coupling.MixtureCdf;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.kernel.Elu;
import org.tarflowlm.vector.FloatLoops;

/**
 * The masked head evaluated channel by channel: the parameters of channel i need the context and the channels before i only, so each
 * newly found channel adds its share to the running sums of all later ones, and every weight is used once per position. Rows go together.
 */
final class MaskedHead implements CouplingHead {
  private final MaskedHeadWeights weights;
  private final boolean writesTokens;
  private final double temperature;
  private final Workspace workspace;
  /** Rows that the arrays below have room for. */
  private int room;
  /** [rows * U * D], what the features give to the hidden units, for all rows that were read. */
  private float[] context = new float[0];
  /** Running sums of the current rows before the activation: [rows][E * n], [rows * U * D], and [rows * m * D]. */
  private float[][] featureSum;
  private float[] hiddenSum;
  /** By further hidden layer, [rows * U * D]. */
  private final float[][] residualSum;
  private float[] out;
  /** Units of one block, [rows * E or U], the same activated, and what comes of them. */
  private float[] block;
  private float[] activated;
  /** Input that a residual hidden layer adds to. */
  private float[] unbent;
  private float[] product;
  private final double[] theta;

  /**
   * @param writesTokens whether tokens are read off what the head writes: it does not know how far from each other they are
   * @param temperature divides the logits of a mixture
   */
  MaskedHead(MaskedHeadWeights weights, boolean writesTokens, double temperature, Workspace workspace) {
    this.weights = weights;
    this.writesTokens = writesTokens;
    this.temperature = temperature;
    this.workspace = workspace;
    theta = new double[weights.numbers];
    residualSum = new float[weights.residual.length][];
  }

  @Override
  public void read(float[] features, int from, int to) {
    if (context.length < to * weights.context.out()) {
      context = new float[to * weights.context.out()];
    }
    weights.context.run(features, from, to, context);
  }

  @Override
  public void inverse(int from, int to, double[][] u, double[][] z, int[] at) {
    begin(from, to);
    for (int i = 0; i < weights.channels; i++) {
      for (int row = from; row < to; row++) {
        parameters(row - from, i);
        int channel = at[row] + i;
        double value = weights.affine
            ? Affine.inverse(u[row][channel], theta[0], theta[1])
            : MixtureCdf.inverse(u[row][channel], theta, 0, weights.mixtures, workspace);
        z[row][channel] = value;
        input(row - from, i, value);
      }
      accept(i, to - from);
    }
  }

  @Override
  public double margin(int row) {
    return writesTokens ? 0.0 : 1.0;
  }

  @Override
  public void forward(int row, double[] z, double[][] u, int at, double[] logDets) {
    begin(row, row + 1);
    for (int i = 0; i < weights.channels; i++) {
      parameters(0, i);
      if (weights.affine) {
        u[0][at + i] = Affine.forward(z[at + i], theta[0], theta[1]);
        logDets[0] += Affine.logDet(theta[1]);
      } else {
        u[0][at + i] = MixtureCdf.forward(z[at + i], theta, 0, weights.mixtures, workspace);
        logDets[0] += workspace.logDet();
      }
      input(0, i, z[at + i]);
      accept(i, 1);
    }
  }

  private void begin(int from, int to) {
    int rows = to - from;
    ensure(rows);
    System.arraycopy(context, from * weights.context.out(), hiddenSum, 0, rows * weights.context.out());
    for (int r = 0; r < rows; r++) {
      System.arraycopy(weights.featureBias, 0, featureSum[r], 0, weights.featureBias.length);
      System.arraycopy(weights.outBias, 0, out, r * weights.outBias.length, weights.outBias.length);
      for (int k = 0; k < residualSum.length; k++) {
        System.arraycopy(weights.residualBias[k], 0, residualSum[k], r * weights.context.out(), weights.context.out());
      }
    }
    finishHidden(0, rows);
  }

  private void ensure(int rows) {
    if (room < rows) {
      room = rows;
      int most = Math.max(weights.context.out(), weights.outBias.length);
      featureSum = new float[rows][weights.featureBias.length];
      hiddenSum = new float[rows * weights.context.out()];
      Arrays.setAll(residualSum, k -> new float[hiddenSum.length]);
      out = new float[rows * weights.outBias.length];
      block = new float[rows * Math.max(weights.hiddenUnits, weights.featureUnits)];
      activated = new float[block.length];
      unbent = new float[residualSum.length == 0 ? 0 : block.length];
      product = new float[rows * most];
    }
  }

  /** The parameters of channel i, packed as the couplings want them, into theta. */
  private void parameters(int r, int i) {
    int numbers = weights.numbers;
    int at = r * weights.outBias.length + i * numbers;
    for (int j = 0; j < numbers; j++) {
      theta[j] = out[at + j];
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

  /** Channel i of a row is known: its three inputs go into the features. */
  private void input(int r, int i, double value) {
    if (i < weights.channels - 1) {
      float positive = (float) (value > 0 ? value : Math.expm1(value));
      float negative = (float) (value < 0 ? -value : Math.expm1(-value));
      int first = i * MaskedHeadWeights.INPUTS;
      FloatLoops.addScaled(featureSum[r], (float) value, weights.features[first], positive, weights.features[first + 1],
          negative, weights.features[first + 2]);
    }
  }

  /** Channel i is known in all rows: feature block i and hidden block i + 1 can be finished. */
  private void accept(int i, int rows) {
    if (i == weights.channels - 1) {
      return;
    }
    int units = weights.featureUnits;
    for (int r = 0; r < rows; r++) {
      System.arraycopy(featureSum[r], i * units, block, r * units, units);
    }
    Elu.forward(block, activated, 0, rows * units);
    weights.hidden[i].run(activated, rows, product);
    FloatLoops.add(hiddenSum, product, 0, rows * weights.context.out());
    finishHidden(i + 1, rows);
  }

  private void finishHidden(int i, int rows) {
    activate(hiddenSum, i, rows);
    for (int k = 0; k < residualSum.length; k++) {
      int units = rows * weights.hiddenUnits;
      System.arraycopy(activated, 0, unbent, 0, units);
      weights.residual[k][i].run(activated, rows, product);
      FloatLoops.add(residualSum[k], product, 0, rows * weights.context.out());
      activate(residualSum[k], i, rows);
      FloatLoops.add(activated, unbent, 0, units);
    }
    weights.out[i].run(activated, rows, product);
    FloatLoops.add(out, product, 0, rows * weights.outBias.length);
  }

  /** Block i of a hidden layer's sums, activated. */
  private void activate(float[] sum, int i, int rows) {
    int units = weights.hiddenUnits;
    for (int r = 0; r < rows; r++) {
      System.arraycopy(sum, r * weights.context.out() + i * units, block, r * units, units);
    }
    Elu.forward(block, activated, 0, rows * units);
  }
}
