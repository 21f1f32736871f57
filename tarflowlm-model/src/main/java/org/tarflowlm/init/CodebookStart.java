package org.tarflowlm.init;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;

/**
 * Initialises the masked head of a Mix-1 flow with one component per token such that the flow computes what a Mix-d flow tied to the
 * codebook would: each channel's mixture has the codebook's components, weighted by the tokens' probabilities given the text before and
 * the earlier channels of the token. So training only has to learn which token comes. Otherwise the head must find the codebook and Bayes'
 * rule first and stays on the bigram plateau for thousands of steps.
 *
 * <p>With one width sigma, the logarithm of token k's weight after channels j before i is linear in them,
 *
 * <pre>l_k + sum over j &lt; i of (mu_kj x_j - mu_kj^2 / 2) / sigma^2 + a number that is the same for all k.</pre>
 *
 * <p>One unit per preceding channel, on elu's linear part, carries x_j through the head's two hidden layers. It holds x_j divided by the
 * codebook's spread, so that it is about as large as the head's other units: after a unit of size ten, one optimiser step would move every
 * token's weight by ten steps. Units of the token's first channel hold the l_k, linear in the transformer's features; all its channels
 * read them, so that what one learns about the next token serves all. Nothing else enters the output at first.
 *
 * <p>The flow is {@link org.tarflowlm.config.InitSpec#codebookFlow}. Flows before it start near the identity, and pass on the codebook
 * divided by its spread.
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
  private final double factor;
  private final double spread;
  private final double sigma;

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

  /** Whether a flow starts at the codebook or comes before the one that does. */
  static boolean reaches(TarFlowConfig config, int flow) {
    return flow <= config.init().codebookFlow() && fits(config);
  }

  /**
   * Sets the weights behind the head's logits; {@link ParameterInit} sets its components and makes the other output weights 0. A head with
   * fewer units than channels keeps its random hidden layers, and one with fewer units than tokens has no shared logits.
   */
  void fill() {
    int d = config.latentDim();
    boolean carries = d > 1 && unitsPerChannel >= d;
    for (int channel = 0; channel < config.channels(); channel++) {
      int first = channel - channel % d;
      if (config.vocabSize() <= unitsPerChannel) {
        share(channel, first);
      }
      if (carries && channel < config.channels() - 1) {
        carry(channel);
      }
      for (int j = first; carries && j < channel; j++) {
        weigh(channel, j, j - first);
      }
    }
  }

  /** Lets hidden units of a token's first channel be the tokens' logits, and adds them to the channel's own. */
  private void share(int channel, int first) {
    INDArray out = head("out.weight");
    for (int token = 0; token < config.vocabSize(); token++) {
      int unit = first * unitsPerChannel + token;
      if (channel == first) {
        clear(unit);
        head("context.weight").getColumn(unit).muli(ParameterInit.HEAD_STD * Math.sqrt(config.width()));
        head("context.bias").putScalar(unit, OFFSET);
      }
      out.putScalar(unit, 3L * config.vocabSize() * channel + token, 1);
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
    clear(unit);
    head("context.weight").getColumn(unit).assign(0);
    head("hidden.weight").putScalar((long) j * featuresPerChannel, unit, 1);
    INDArray out = head("out.weight");
    INDArray bias = head("out.bias");
    double variance = sigma * sigma;
    int k = config.vocabSize();
    for (int token = 0; token < k; token++) {
      double mean = factor * means.getDouble(token, j % config.latentDim());
      long logit = 3L * k * channel + token;
      out.putScalar(unit, logit, mean * spread / variance);
      bias.putScalar(logit, bias.getDouble(logit) - (mean * mean / 2 + mean * spread * OFFSET) / variance);
    }
  }

  /** Cuts a hidden unit off from the channels. */
  private void clear(int unit) {
    head("hidden.weight").getColumn(unit).assign(0);
    for (int r = 1; r < config.mafLayers(); r++) {
      head("residual" + r + ".weight").getColumn(unit).assign(0);
    }
  }

  private INDArray head(String name) {
    return parameters.get("flow" + flow + ".maf." + name);
  }
}
