package org.tarflowlm.flow;

import java.util.Arrays;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Affine;
import org.tarflowlm.coupling.MixtureCdf;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.kernel.Elu;
import org.tarflowlm.kernel.RowProduct;
import org.tarflowlm.vector.FloatLoops;

/**
 * Evaluates the masked head channel by channel, for several rows at a time. The parameters of channel i depend only on the context and on
 * channels before i. So each new channel adds its contribution to the running sums of later ones, and a position uses every weight once.
 */
final class MaskedHead implements CouplingHead {
  private final Weights weights;
  private final boolean writesTokens;
  private final double temperature;
  private final Workspace workspace;
  /** Number of rows that fit in the arrays below. */
  private int room;
  /** Contribution of the features to the hidden units for all rows that were read: [rows * U * D]. */
  private float[] context = new float[0];
  /** Running sums of the current rows before the activation: [rows][E * n], [rows * U * D], and [rows * m * D]. */
  private float[][] featureSum;
  private float[] hiddenSum;
  /** By further hidden layer, [rows * U * D]. */
  private final float[][] residualSum;
  private float[] out;
  /** Units of one block, [rows * E or U]; below, the same after activation, and their product with the next weights. */
  private float[] block;
  private float[] activated;
  /** Input to which a residual hidden layer adds. */
  private float[] unbent;
  private float[] product;
  private final double[] theta;

  /**
   * @param writesTokens whether tokens are decoded from the head's output; the head cannot tell how close another token is, so its margin
   *     is then 0
   * @param temperature divides the logits of a mixture
   */
  MaskedHead(Weights weights, boolean writesTokens, double temperature, Workspace workspace) {
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

  /** Writes the parameters of channel i to theta, in the couplings' layout. */
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

  /** Adds the three inputs of a row's channel i to the features. */
  private void input(int r, int i, double value) {
    if (i < weights.channels - 1) {
      float positive = (float) (value > 0 ? value : Math.expm1(value));
      float negative = (float) (value < 0 ? -value : Math.expm1(-value));
      int first = i * Weights.INPUTS;
      FloatLoops.addScaled(featureSum[r], (float) value, weights.features[first], positive, weights.features[first + 1],
          negative, weights.features[first + 2]);
    }
  }

  /** Completes feature block i and hidden block i + 1, once channel i is known in all rows. */
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

  /** Activates block i of a hidden layer's sums. */
  private void activate(float[] sum, int i, int rows) {
    int units = weights.hiddenUnits;
    for (int r = 0; r < rows; r++) {
      System.arraycopy(sum, r * weights.context.out() + i * units, block, r * units, units);
    }
    Elu.forward(block, activated, 0, rows * units);
  }

  /**
   * Weights of the masked head of an affine or Mix-1 flow (paper section 3.2.1, appendix H). With D channels, n = D - 1, E features per
   * preceding channel, U hidden units per channel and m numbers per channel:
   *
   * <pre>
   *   feature block j (E units)   = elu( sum over channels i &lt;= j of its three inputs x_i, elu(x_i), elu(-x_i) )
   *   hidden block i (U units)    = elu( context + sum over feature blocks j &lt; i )
   *   a further hidden layer      : block i += elu( bias + sum over blocks k &lt;= i of the layer before )
   *   parameters of channel i (m) = sum over hidden blocks k &lt;= i
   * </pre>
   */
  static final class Weights {
    /** Inputs per channel: x, elu(x), elu(-x). */
    static final int INPUTS = 3;

    final int channels;
    final int featureUnits;
    final int hiddenUnits;
    final int numbers;
    final int mixtures;
    final boolean affine;
    final double logScaleBound;
    final RowProduct context;
    /** From the three inputs of each of n channels to all features: [3 n][E n], zero where masked. */
    final float[][] features;
    final float[] featureBias;
    /** From each of n feature blocks to all hidden units: [E, U D]. */
    final RowProduct[] hidden;
    /** By further hidden layer, from each of D blocks to all units of the layer: [U, U D]; below, their biases. */
    final RowProduct[][] residual;
    final float[][] residualBias;
    /** From each of D hidden blocks to all parameters: [U, m D]. */
    final RowProduct[] out;
    final float[] outBias;

    Weights(ParameterSource source, TarFlowConfig config, FlowSpec flow) {
      channels = config.channels();
      affine = flow.coupling() == Coupling.AFFINE;
      mixtures = flow.mixtures();
      numbers = affine ? 2 : 3 * mixtures;
      hiddenUnits = config.mafHidden() / 2;
      logScaleBound = config.logScaleBound();
      context = source.product("context", config.width(), hiddenUnits * channels);
      int preceding = channels - 1;
      featureUnits = preceding == 0 ? 0 : ParameterShapes.mafEmbedding(config);
      int featureCount = featureUnits * preceding;
      boolean one = preceding == 0;
      features = one ? new float[0][] : source.matrix("features.weight", INPUTS * preceding, featureCount);
      for (int i = 0; i < features.length; i++) {
        Arrays.fill(features[i], 0, i / INPUTS * featureUnits, 0f);
      }
      featureBias = one ? new float[0] : source.vector("features.bias", featureCount);
      hidden = one ? new RowProduct[0]
          : blocks(source.matrix("hidden.weight", featureCount, hiddenUnits * channels), featureUnits, hiddenUnits, 1);
      int further = config.mafLayers() - 1;
      int units = hiddenUnits * channels;
      residual = new RowProduct[further][];
      residualBias = new float[further][];
      for (int r = 0; r < further; r++) {
        residual[r] = blocks(source.matrix("residual" + (r + 1) + ".weight", units, units), hiddenUnits, hiddenUnits, 0);
        residualBias[r] = source.vector("residual" + (r + 1) + ".bias", units);
      }
      out = blocks(source.matrix("out.weight", hiddenUnits * channels, numbers * channels), hiddenUnits, numbers, 0);
      outBias = source.vector("out.bias", numbers * channels);
    }

    /**
     * Splits a masked matrix into linear maps of {@code units} rows each; block i masks the columns of the blocks before
     * i + {@code later}.
     */
    private static RowProduct[] blocks(float[][] matrix, int units, int columnUnits, int later) {
      RowProduct[] result = new RowProduct[matrix.length / units];
      int columns = matrix[0].length;
      for (int i = 0; i < result.length; i++) {
        float[] block = new float[units * columns];
        int from = (i + later) * columnUnits;
        for (int r = 0; r < units; r++) {
          System.arraycopy(matrix[i * units + r], from, block, r * columns + from, columns - from);
        }
        result[i] = new RowProduct(block, new float[columns], units, columns);
      }
      return result;
    }
  }
}
