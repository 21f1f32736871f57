package org.tarflowlm.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.command.Json;
import org.tarflowlm.eval.LatentMetrics;
import org.tarflowlm.generate.FlowView;
import org.tarflowlm.generate.FlowView.Pass;
import org.tarflowlm.generate.Generation;

/**
 * A text pass by pass, with the measures of every pass's latents (paper section 5 and appendix G).
 *
 * @param before fixed text before the generated text; may be empty
 * @param after fixed text after it
 */
record FlowReport(String before, FlowView view, List<Metrics> metrics, String after) {

  /**
   * Measures of one pass's latents. Cosine and participation ratio are dimensionless; the others are in units of the latent space.
   *
   * @param l2Norm mean L2 norm of a token's latent
   * @param cosine mean cosine similarity of pairs of latents
   * @param participationRatio number of directions that the latents use, from 1 to their width; null for a single token
   * @param centroidMovement distance between the latents' mean and that of the previous pass; null in the first pass
   */
  record Metrics(double l2Norm, double cosine, Double participationRatio, Double centroidMovement) {}

  /** @throws IllegalArgumentException if the model is discrete */
  static void requireFlows(TarFlowLM model) {
    if (!model.config().isFlow()) {
      throw new IllegalArgumentException("the model " + model.name() + " is discrete: it has no flows to show");
    }
  }

  static FlowReport of(String before, Generation generation, String after, TarFlowLM model) {
    List<Metrics> metrics = new ArrayList<>();
    double[][] latents = generation.latents();
    double[][][] previous = null;
    for (int l = latents.length - 1; l >= 0; l--) {
      double[][][] h = {LatentMetrics.rows(latents[l], model.config().latentDim())};
      metrics.add(new Metrics(LatentMetrics.l2Norm(h).mean(), LatentMetrics.cosine(h).mean(),
          h[0].length < 2 ? null : LatentMetrics.participationRatio(h).mean(),
          previous == null ? null : LatentMetrics.centroidMovement(previous, h).mean()));
      previous = h;
    }
    return new FlowReport(before, FlowView.of(generation, model.config(), model.tokenizer()), metrics, after);
  }

  /** For JSON: level, source, text, indices of changed tokens, metrics. */
  List<Map<String, Object>> passes() {
    List<Map<String, Object>> result = new ArrayList<>();
    for (int i = 0; i < metrics.size(); i++) {
      Pass pass = view.passes().get(i);
      result.add(Json.object("level", pass.level(), "source", pass.source(), "text", pass.text(),
          "changed", IntStream.range(0, pass.changed().length).filter(t -> pass.changed()[t]).toArray(), "metrics", metrics.get(i)));
    }
    return result;
  }
}
