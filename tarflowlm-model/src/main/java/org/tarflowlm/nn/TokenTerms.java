package org.tarflowlm.nn;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.Direction;
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
   * @param sums of each sequence, [batch]: as {@link TarFlowLayer#logLikelihood} gives them, or of padded texts the terms added up
   * @param terms of each token, [batch][tokens of the text]
   */
  public record Terms(double[] sums, double[][] terms) {}

  /**
   * Computes sums and terms in one run of the graph.
   *
   * @param ids INT [batch, time]
   * @param noise [batch, time, latentDim]; ignored by a discrete model
   * @param lengths tokens of texts, whole patches, behind which ids and noise are zero; null if all fill the window. What a padded
   *     text's figures are does not depend on the padding: they are of its own positions alone
   */
  public static Terms of(TarFlowLayer layer, INDArray ids, INDArray noise, int[] lengths) {
    TarFlowConfig config = layer.model();
    boolean flows = config.isFlow();
    List<String> names = IntStream.rangeClosed(0, flows ? config.flows().size() : 0).mapToObj(WindowGraph::terms).toList();
    List<String> outputs = lengths != null ? names : Stream.concat(names.stream(), Stream.of(WindowGraph.LOG_LIKELIHOOD)).toList();
    Map<String, INDArray> found = layer.evaluate(outputs, ids, noise, lengths);
    int patch = flows ? config.patchSize() : 1;
    int positions = (int) ids.size(1) / patch;
    double[][] result = new double[(int) ids.size(0)][];
    Arrays.setAll(result, b -> new double[lengths == null ? (int) ids.size(1) : lengths[b]]);
    for (int i = 0; i < names.size(); i++) {
      boolean reversed = i > 0 && config.flows().get(i - 1).direction() == Direction.RIGHT_TO_LEFT;
      float[] terms = found.get(names.get(i)).dup('c').data().asFloat();
      for (int b = 0; b < result.length; b++) {
        add(terms, b * positions, positions * result.length, patch, reversed, flows ? 1 : -1, result[b]);
      }
    }
    double[] sums = lengths == null ? found.get(WindowGraph.LOG_LIKELIHOOD).toDoubleVector()
        : Arrays.stream(result).mapToDouble(text -> Arrays.stream(text).sum()).toArray();
    return new Terms(sums, result);
  }

  /**
   * Adds the terms of one text.
   *
   * @param terms [positions of all windows, ..], of each text in reading order
   * @param begin position of all at which the text begins
   * @param all positions
   */
  private static void add(float[] terms, int begin, int all, int patch, boolean reversed, int sign, double[] result) {
    int perPosition = terms.length / all;
    int positions = result.length / patch;
    for (int read = 0; read < positions; read++) {
      int first = (reversed ? positions - 1 - read : read) * patch;
      for (int i = (begin + read) * perPosition; i < (begin + read + 1) * perPosition; i++) {
        for (int t = first; t < first + patch; t++) {
          result[t] += sign * (double) terms[i] / patch;
        }
      }
    }
  }
}
