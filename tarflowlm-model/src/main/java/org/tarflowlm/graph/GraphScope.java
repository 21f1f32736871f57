package org.tarflowlm.graph;

import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.tarflowlm.config.TarFlowConfig;

/**
 * State that the builders of one graph share.
 *
 * @param sd the graph
 * @param config the model
 * @param parameters variables (or constants, where frozen) by parameter name
 * @param primitives the transformer's building blocks
 * @param couplings the couplings and the codebook
 * @param type floating-point type of the graph
 * @param tokens T, tokens of a window of this graph; at most the context length and a multiple of the patch size
 * @param padding where texts end; null if all fill the window
 */
record GraphScope(
    SameDiff sd, TarFlowConfig config, Map<String, SDVariable> parameters, Primitives primitives, Couplings couplings, DataType type,
    int tokens, Padding padding) {
  /** For windows full of text. */
  GraphScope(SameDiff sd, TarFlowConfig config, Map<String, SDVariable> parameters, Primitives primitives, Couplings couplings,
      DataType type, int tokens) {
    this(sd, config, parameters, primitives, couplings, type, tokens, null);
  }

  SDVariable parameter(String name) {
    SDVariable result = parameters.get(name);
    if (result == null) {
      throw new IllegalStateException("no parameter named " + name + " in the graph");
    }
    return result;
  }

  Matrix matrix(String name) {
    return Matrix.of(parameter(name));
  }

  int positions() {
    return tokens / config.patchSize();
  }

  /** Each text from its end to its start, [B, positions, width]. */
  SDVariable reversePositions(SDVariable h, int width) {
    return padding == null ? reverseChannels(reverseAll(h, width), width) : padding.reverse(h);
  }

  /** The channels of each position from last to first, [B, positions, width]. */
  SDVariable reverseChannels(SDVariable h, int width) {
    return primitives.reverse(h.reshape(-1, width)).reshape(-1, positions(), width);
  }

  /** Positions and channels. */
  SDVariable reverseBoth(SDVariable h, int width) {
    return padding == null ? reverseAll(h, width) : reverseChannels(padding.reverse(h), width);
  }

  private SDVariable reverseAll(SDVariable h, int width) {
    return primitives.reverse(h.reshape(-1, (long) positions() * width)).reshape(-1, positions(), width);
  }

  /** Sums the terms of each text, of which a window has {@code count}: [B]. */
  SDVariable perSequence(SDVariable terms, int count) {
    if (padding == null) {
      return sumOfRows(terms.reshape(-1, count), count);
    }
    SDVariable perToken = count == tokens ? terms.reshape(-1, tokens) : terms.reshape(-1, tokens, count / tokens).sum(2);
    return sumOfRows(perToken.mul(padding.mask()), tokens);
  }

  /** Sums each row of [B, columns]: [B]. ND4J fails to sum rows of one number. */
  static SDVariable sumOfRows(SDVariable rows, int columns) {
    return columns == 1 ? rows.reshape(-1) : rows.sum(1);
  }
}
