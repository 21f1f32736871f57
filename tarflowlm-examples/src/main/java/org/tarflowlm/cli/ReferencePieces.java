package org.tarflowlm.cli;

import org.tarflowlm.data.DataException;
import org.tarflowlm.data.corpus.Corpora;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokens.TokenSequence;

/** Pieces of a real text to compare with. */
final class ReferencePieces {
  private ReferencePieces() {}

  /**
   * Pieces spread evenly over a text, the first from its start, the last to its end.
   *
   * @return [pieces][length]
   * @throws DataException if the text is shorter than a piece
   */
  static int[][] read(String reference, Tokenizer tokenizer, int pieces, int length) {
    try (TokenSequence sequence = Corpora.fromEnvironment().open(reference, tokenizer)) {
      if (sequence.length() < length) {
        throw new DataException(reference + " has " + sequence.length() + " tokens; expected at least " + length);
      }
      int[][] result = new int[pieces][length];
      for (int i = 0; i < pieces; i++) {
        long at = pieces == 1 ? 0 : (sequence.length() - length) * i / (pieces - 1);
        sequence.read(at, result[i], 0, length);
      }
      return result;
    }
  }
}
