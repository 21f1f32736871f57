package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Where the texts of a batch end, if they are shorter than the window. Padding follows a text in reading order, whichever way a flow
 * reads: each text is reversed in place. A causal model looks at nothing that follows, so that it is enough to leave the padding's terms
 * out of the sums.
 *
 * @param lengths positions of each text, INT [B]
 * @param mask 1 at the tokens of a text, 0 after them, [B, T]
 */
record Padding(SDVariable lengths, SDVariable mask) {
  private static final int POSITION_AXIS = 1;
  private static final int BATCH_AXIS = 0;

  static Padding placeholders(SameDiff sd, DataType type, int tokens) {
    return new Padding(sd.placeHolder(WindowGraph.LENGTHS, DataType.INT32, -1), sd.placeHolder(WindowGraph.MASK, type, -1, tokens));
  }

  /** Turns each text around, [B, T/P, ..]; its padding stays at the end. */
  SDVariable reverse(SDVariable h) {
    return h.getSameDiff().reverseSequence(h, lengths, POSITION_AXIS, BATCH_AXIS);
  }

  /** Tokens of a text, on average over the batch: a scalar. */
  SDVariable meanTokens(int paddedTokens) {
    return GraphScope.sumOfRows(mask, paddedTokens).mean();
  }
}
