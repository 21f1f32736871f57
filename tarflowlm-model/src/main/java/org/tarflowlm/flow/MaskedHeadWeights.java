package org.tarflowlm.flow;

import java.util.Arrays;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.kernel.RowProduct;

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
final class MaskedHeadWeights {
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
  /** By input of a channel, three each of n: to all features, [3 n][E n], zero where it is masked. */
  final float[][] features;
  final float[] featureBias;
  /** By feature block i of n: to all hidden units, [E, U D]. */
  final RowProduct[] hidden;
  /** By further hidden layer and block i of D: to all units of the layer, [U, U D], and their biases. */
  final RowProduct[][] residual;
  final float[][] residualBias;
  /** By hidden block i of D: to all numbers, [U, m D]. */
  final RowProduct[] out;
  final float[] outBias;

  MaskedHeadWeights(ParameterSource source, TarFlowConfig config, FlowSpec flow) {
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
   * The rows of a masked matrix, {@code units} at a time, as linear maps; of block i, the columns of the blocks before i + {@code later}
   * are masked.
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
