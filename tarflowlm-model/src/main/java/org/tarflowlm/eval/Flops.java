package org.tarflowlm.eval;

import java.util.ArrayList;
import java.util.List;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;

/**
 * Counts the floating-point operations of one forward pass over one window (paper appendix H); a multiply-add counts as 2. Like the paper,
 * it ignores norms, activations and the couplings themselves.
 */
public final class Flops {
  private Flops() {}

  /**
   * Operations of a flow, or of a whole discrete model, over a full window.
   *
   * @param body operations of the transformer and its input projection
   * @param head operations that turn its features into a coupling's parameters, or into logits
   */
  public record Part(long body, long head) {
    public long total() {
      return body + head;
    }
  }

  /** Operations of the whole model over a full window. */
  public static long of(TarFlowConfig config) {
    return parts(config).stream().mapToLong(Part::total).sum();
  }

  /**
   * Operations of each flow, data to noise, or of a discrete model as one part. The paper gives no figure for a Mix-d head; it counts here
   * as a matrix from the transformer's width to P*K logits, like the discrete head.
   */
  public static List<Part> parts(TarFlowConfig config) {
    if (!config.isFlow()) {
      long body = body(config.totalLayers(), config.width(), config.contextLength());
      return List.of(new Part(body,
          discrete(config.totalLayers(), config.width(), config.contextLength(), config.vocabSize()) - body));
    }
    long positions = config.positions();
    List<Part> parts = new ArrayList<>();
    for (FlowSpec flow : config.flows()) {
      long head = flow.coupling().sharesComponents()
          ? 2L * config.width() * config.patchSize() * flow.mixtures() + patchHead(config, flow.mixtures())
          : maskedHead(config.width(), config.channels(), flow.coupling() == Coupling.AFFINE ? 2 : 3 * flow.mixtures(), config.mafHidden(),
              config.mafLayers());
      long known = 2L * config.width() * (1 + flow.lookAhead()) * flow.firstChannel();
      parts.add(new Part(flow.isInToken() ? 0 : body(flow.layers(), config.width(), positions) + positions * known, positions * head));
    }
    return parts;
  }

  private static long patchHead(TarFlowConfig config, int mixtures) {
    long units = config.hasPatchHead() ? (long) config.patchSize() * config.patchHidden() : 0;
    return 2 * units * (config.width() + config.channels() + (long) config.patchSize() * mixtures);
  }

  /** Operations of a discrete language model: a transformer and a softmax over the vocabulary. */
  public static long discrete(int layers, int width, int tokens, int vocabSize) {
    return body(layers, width, tokens) + 2L * width * vocabSize * tokens;
  }

  /** Operations of a causal transformer and its input projection. */
  public static long body(int layers, int width, long positions) {
    long c = width;
    return positions * (4 * c + 24 * layers * c * c + 2 * layers * c * positions);
  }

  /**
   * Operations of the masked head at one position.
   *
   * @param width of the transformer
   * @param channels P*d of the position
   * @param outputs numbers per channel: 2 for an affine flow, 3K for a mixture
   * @param hidden D_module; the head has half as many hidden units per channel
   * @param layers hidden layers; the paper's head has 1
   */
  static long maskedHead(int width, int channels, int outputs, int hidden, int layers) {
    long c = channels;
    long embedding = ParameterShapes.mafEmbedding(hidden, channels, layers);
    return 6 * embedding * (c - 1) * (c - 1) + hidden * c * (width + embedding * (c - 1)) + hidden * c * c * outputs
        + (layers - 1) * hidden * c * hidden * c / 2;
  }
}
