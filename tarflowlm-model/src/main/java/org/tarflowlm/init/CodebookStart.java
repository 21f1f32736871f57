package org.tarflowlm.init;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;

/**
 * Initialises one flow's masked head from the codebook if that flow is Mix-1 with one component per token. Given the earlier
 * channels of its token, a channel's mixture is then the codebook's own with equal token weights, so training only has to learn which
 * token comes. Otherwise the head must find the codebook first and stays on the bigram plateau for thousands of steps.
 *
 * <p>The flow is the first one, or {@link org.tarflowlm.config.InitSpec#codebookFlow}. Flows before it start near the identity up to a
 * factor: they pass on the codebook at scale 1.
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
  private final int flow;
  /** Of the latents that the flow reads, and of the codebook as they show it. */
  private final double spread;
  private final double sigma;
  private final double factor;

  CodebookStart(TarFlowConfig config, Map<String, INDArray> parameters) {
    this.config = config;
    this.parameters = parameters;
    this.means = parameters.get("codebook.mean");
    this.unitsPerChannel = config.mafHidden() / 2;
    this.featuresPerChannel = ParameterShapes.mafEmbedding(config);
    this.flow = config.init().codebookFlow();
    this.factor = factor(config);
    this.spread = factor * config.codebook().meanScale();
    this.sigma = factor * config.codebook().sigma();
  }

  /** By what the flows before the one that starts at the codebook multiply latents when training starts. */
  static double factor(TarFlowConfig config) {
    return config.init().codebookFlow() == 0 ? 1 : 1 / config.codebook().meanScale();
  }

  /** Whether the flow is Mix-1 with one component per token and reads the channels in the codebook's order. */
  static boolean fits(TarFlowConfig config) {
    var spec = config.flows().get(config.init().codebookFlow());
    return spec.coupling() == Coupling.MIX_1 && spec.mixtures() == config.vocabSize()
        && spec.channelDirection() == ChannelDirection.ASCENDING;
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
    double variance = sigma * sigma;
    int k = config.vocabSize();
    for (int token = 0; token < k; token++) {
      double mean = factor * means.getDouble(token, j % config.latentDim());
      long logit = 3L * k * channel + token;
      out.putScalar(unit, logit, mean * spread / variance);
      bias.putScalar(logit, bias.getDouble(logit) - (mean * mean / 2 + mean * spread * OFFSET) / variance);
    }
  }

  private INDArray head(String name) {
    return parameters.get("flow" + flow + ".maf." + name);
  }
}
