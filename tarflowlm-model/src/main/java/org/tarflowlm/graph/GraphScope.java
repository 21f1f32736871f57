package org.tarflowlm.graph;

import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.tarflowlm.config.TarFlowConfig;

/**
 * State shared by the builders of one graph.
 *
 * @param sd the graph
 * @param config the model
 * @param parameters variables (or constants, where frozen) by parameter name
 * @param primitives the transformer's building blocks
 * @param couplings the couplings and the codebook
 * @param type floating-point type of the graph
 * @param tokens T, tokens of a window of this graph; at most the context length and a multiple of the patch size
 * @param padding where texts end; null if all texts fill the window
 */
record GraphScope(
    SameDiff sd, TarFlowConfig config, Map<String, SDVariable> parameters, Primitives primitives, Couplings couplings, DataType type,
    int tokens, Padding padding) {
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

  /** Reverses the positions of each text, [B, positions, width]. */
  SDVariable reversePositions(SDVariable h, int width) {
    return padding == null ? reverseChannels(reverseAll(h, width), width) : padding.reverse(h);
  }

  /** Reverses the channels of each position, [B, positions, width]. */
  SDVariable reverseChannels(SDVariable h, int width) {
    return primitives.reverse(h.reshape(-1, width)).reshape(-1, positions(), width);
  }

  /** Reverses both positions and channels, [B, positions, width]. */
  SDVariable reverseBoth(SDVariable h, int width) {
    return padding == null ? reverseAll(h, width) : reverseChannels(padding.reverse(h), width);
  }

  private SDVariable reverseAll(SDVariable h, int width) {
    return primitives.reverse(h.reshape(-1, (long) positions() * width)).reshape(-1, positions(), width);
  }

  /** Sums the {@code count} terms of each window: [B]. */
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

  /**
   * Where the texts of a batch end, if they are shorter than the window. Padding comes after the text in reading order, in either
   * direction, because each text is reversed in place. A causal model never reads what follows, so it is enough to leave the padding's
   * terms out of the sums.
   *
   * @param lengths number of positions in each text, INT [B]
   * @param mask 1 at the tokens of a text, 0 after them, [B, T]
   */
  record Padding(SDVariable lengths, SDVariable mask) {
    private static final int POSITION_AXIS = 1;
    private static final int BATCH_AXIS = 0;

    static Padding placeholders(SameDiff sd, DataType type, int tokens) {
      return new Padding(sd.placeHolder(WindowGraph.LENGTHS, DataType.INT32, -1), sd.placeHolder(WindowGraph.MASK, type, -1, tokens));
    }

    /** Reverses the positions of each text, [B, T/P, ..]; its padding stays at the end. */
    SDVariable reverse(SDVariable h) {
      return h.getSameDiff().reverseSequence(h, lengths, POSITION_AXIS, BATCH_AXIS);
    }

    /** Mean number of tokens per text of the batch: a scalar. */
    SDVariable meanTokens(int paddedTokens) {
      return GraphScope.sumOfRows(mask, paddedTokens).mean();
    }
  }
}
