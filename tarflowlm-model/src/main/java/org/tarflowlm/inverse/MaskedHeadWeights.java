package org.tarflowlm.inverse;

import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.kernel.RowProduct;

/**
 * Weights of the masked head of an affine or Mix-1 flow (paper section 3.2.1, appendix H). With D channels, n = D - 1, E features a
 * preceding channel, U hidden units a channel and m numbers a channel:
 *
 * <pre>
 *   feature block j (E units)   = elu( sum over channels i &lt;= j of its three inputs x_i, elu(x_i), elu(-x_i) )
 *   hidden block i (U units)    = elu( context + sum over feature blocks j &lt; i )
 *   parameters of channel i (m) = sum over hidden blocks k &lt;= i
 * </pre>
 */
final class MaskedHeadWeights {
  final int channels;
  final int featureUnits;
  final int hiddenUnits;
  final int numbers;
  final int mixtures;
  final boolean affine;
  final double logScaleBound;
  final RowProduct context;
  /** [3n][E n]; empty for one channel, as the next two. */
  final float[][] features;
  final float[] featureBias;
  /** [E n][U D]. */
  final float[][] hidden;
  /** [U D][m D]. */
  final float[][] out;
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
    features = one ? new float[0][] : source.matrix("features.weight", 3 * preceding, featureCount);
    featureBias = one ? new float[0] : source.vector("features.bias", featureCount);
    hidden = one ? new float[0][] : source.matrix("hidden.weight", featureCount, hiddenUnits * channels);
    out = source.matrix("out.weight", hiddenUnits * channels, numbers * channels);
    outBias = source.vector("out.bias", numbers * channels);
  }
}
