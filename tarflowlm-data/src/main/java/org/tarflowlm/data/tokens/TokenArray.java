package org.tarflowlm.data.tokens;

import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokenize.Tokenizer;

/** Tokens held in memory, for short texts. */
public final class TokenArray implements TokenSequence {
  private final int[] ids;
  private final int vocabSize;

  /**
   * @param ids kept, not copied
   * @throws DataException if an id is outside the vocabulary
   */
  public TokenArray(int[] ids, int vocabSize) {
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0 || ids[i] >= vocabSize) {
        throw new DataException("id " + ids[i] + " at position " + i + " is outside the vocabulary; expected 0 to " + (vocabSize - 1));
      }
    }
    this.ids = ids;
    this.vocabSize = vocabSize;
  }

  /** The tokens of a text. */
  public static TokenArray of(String text, Tokenizer tokenizer) {
    return new TokenArray(tokenizer.encode(text), tokenizer.vocabSize());
  }

  @Override
  public long length() {
    return ids.length;
  }

  @Override
  public int vocabSize() {
    return vocabSize;
  }

  @Override
  public void read(long from, int[] target, int at, int count) {
    System.arraycopy(ids, Math.toIntExact(from), target, at, count);
  }

  @Override
  public void close() {
    // There is nothing to release.
  }
}
