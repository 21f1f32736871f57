package org.tarflowlm.nn;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.WindowGraph;

/**
 * The log-likelihood token by token. For a flow model: the ELBO's terms (paper section 3.3) from the codebook and each flow at the token's
 * position, shared equally among the tokens of a patch. For a discrete model: log p(token | tokens before it).
 */
public final class TokenTerms {
  private TokenTerms() {}

  /**
   * A log-likelihood and its terms, in nats.
   *
   * @param sums log-likelihood (or bound) of each sequence, [batch], as {@link TarFlowLayer#logLikelihood} gives it
   * @param terms contribution of each token, [batch][time]
   */
  public record Terms(double[] sums, double[][] terms) {}

  /**
   * Computes sums and terms in one run of the graph.
   *
   * @param ids INT [batch, time]
   * @param noise [batch, time, latentDim]; ignored by a discrete model
   */
  public static Terms of(TarFlowLayer layer, INDArray ids, INDArray noise) {
    TarFlowConfig config = layer.model();
    boolean flows = config.model() == ModelType.TARFLOW;
    List<String> names = IntStream.rangeClosed(0, flows ? config.flows().size() : 0).mapToObj(WindowGraph::terms).toList();
    List<String> outputs = Stream.concat(names.stream(), Stream.of(WindowGraph.LOG_LIKELIHOOD)).toList();
    Map<String, INDArray> terms = layer.evaluate(outputs, ids, noise);
    double[][] result = new double[(int) ids.size(0)][(int) ids.size(1)];
    for (int i = 0; i < names.size(); i++) {
      boolean reversed = i > 0 && config.flows().get(i - 1).direction() == Direction.RIGHT_TO_LEFT;
      add(terms.get(names.get(i)).dup('c').data().asFloat(), flows ? config.patchSize() : 1, reversed, flows ? 1 : -1, result);
    }
    return new Terms(terms.get(WindowGraph.LOG_LIKELIHOOD).toDoubleVector(), result);
  }

  /** @param terms [batch, positions, ..] in reading order */
  private static void add(float[] terms, int patch, boolean reversed, int sign, double[][] result) {
    int positions = result[0].length / patch;
    int perPosition = terms.length / result.length / positions;
    for (int i = 0; i < terms.length; i++) {
      int read = i / perPosition % positions;
      int first = (reversed ? positions - 1 - read : read) * patch;
      for (int t = first; t < first + patch; t++) {
        result[i / perPosition / positions][t] += sign * (double) terms[i] / patch;
      }
    }
  }
}
