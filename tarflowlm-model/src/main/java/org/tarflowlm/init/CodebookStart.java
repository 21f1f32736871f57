package org.tarflowlm.init;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;

/**
 * Initialises the first flow's masked head from the codebook if that flow is Mix-1 with one component per token. Given the earlier
 * channels of its token, a channel's mixture is then the codebook's own with equal token weights, so training only has to learn which
 * token comes. Otherwise the head must find the codebook first and stays on the bigram plateau for thousands of steps.
 *
 * <p>With one width sigma, the logarithm of token k's weight after channels j before i is linear in them,
 *
 * <pre>sum over j &lt; i of (mu_kj x_j - mu_kj^2 / 2) / sigma^2 + a number that is the same for all k,</pre>
 *
 * so one unit per preceding channel, on elu's linear part, carries x_j through the head's two hidden layers. The unit holds x_j divided by
 * the codebook's spread, so that it is about as large as the head's other units: after a unit of size ten, one optimiser step would move
 * every token's weight by ten steps.
 */
final class CodebookStart {
  /** Added to x / spread, so that values down to three standard deviations below zero stay on elu's linear part. */
  private static final double OFFSET = 3;

  private final TarFlowConfig config;
  private final Map<String, INDArray> parameters;
  private final INDArray means;
  private final int unitsPerChannel;
  private final int featuresPerChannel;
  private final double spread;

  CodebookStart(TarFlowConfig config, Map<String, INDArray> parameters) {
    this.config = config;
    this.parameters = parameters;
    this.means = parameters.get("codebook.mean");
    this.unitsPerChannel = config.mafHidden() / 2;
    this.featuresPerChannel = ParameterShapes.mafEmbedding(config);
    this.spread = config.codebook().meanScale();
  }

  /** Whether the first flow is Mix-1 with one component per token and reads the channels in the codebook's order. */
  static boolean fits(TarFlowConfig config) {
    var first = config.flows().get(0);
    return first.coupling() == Coupling.MIX_1 && first.mixtures() == config.vocabSize()
        && first.channelDirection() == ChannelDirection.ASCENDING;
  }

  /** Sets the weights behind the head's logits; {@link ParameterInit} sets its components. Does nothing if the head is too narrow. */
  void fill() {
    int d = config.latentDim();
    if (d == 1 || unitsPerChannel < d) {
      return;
    }
    for (int channel = 0; channel < config.channels() - 1; channel++) {
      carry(channel);
    }
    for (int channel = 0; channel < config.channels(); channel++) {
      int first = channel - channel % d;
      for (int j = first; j < channel; j++) {
        weigh(channel, j, j - first);
      }
    }
  }

  /** Sets the weights that make feature 0 of a channel x / spread + offset. */
  private void carry(int channel) {
    INDArray weight = head("features.weight");
    int feature = channel * featuresPerChannel;
    weight.getColumn(feature).assign(0);
    weight.putScalar(3L * channel, feature, 1 / spread);
    head("features.bias").putScalar(feature, OFFSET);
  }

  /** Makes one hidden unit of a channel x_j / spread + offset, and lets the channel's logits depend on it linearly. */
  private void weigh(int channel, int j, int unitOfChannel) {
    int unit = channel * unitsPerChannel + unitOfChannel;
    head("context.weight").getColumn(unit).assign(0);
    INDArray hidden = head("hidden.weight");
    hidden.getColumn(unit).assign(0);
    hidden.putScalar((long) j * featuresPerChannel, unit, 1);
    for (int r = 1; r < config.mafLayers(); r++) {
      head("residual" + r + ".weight").getColumn(unit).assign(0);
    }
    INDArray out = head("out.weight");
    INDArray bias = head("out.bias");
    out.getRow(unit).assign(0);
    double variance = Math.pow(config.codebook().sigma(), 2);
    int k = config.vocabSize();
    for (int token = 0; token < k; token++) {
      double mean = means.getDouble(token, j % config.latentDim());
      long logit = 3L * k * channel + token;
      out.putScalar(unit, logit, mean * spread / variance);
      bias.putScalar(logit, bias.getDouble(logit) - (mean * mean / 2 + mean * spread * OFFSET) / variance);
    }
  }

  private INDArray head(String name) {
    return parameters.get("flow0.maf." + name);
  }
}
