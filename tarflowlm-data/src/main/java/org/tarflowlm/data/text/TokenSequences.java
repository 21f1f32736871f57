package org.tarflowlm.data.text;

import org.tarflowlm.data.tokenize.Tokenizer;

/**
 * The former name of {@link org.tarflowlm.data.tokens.TokenSequences}.
 *
 * @deprecated use {@link org.tarflowlm.data.tokens.TokenSequences}
 */
@Deprecated
public final class TokenSequences {
  private TokenSequences() {}

  /** As {@link org.tarflowlm.data.tokens.TokenSequences#open(String, Tokenizer)}. */
  public static TokenSequence open(String name, Tokenizer tokenizer) {
    return new Renamed(org.tarflowlm.data.tokens.TokenSequences.open(name, tokenizer));
  }

  private record Renamed(org.tarflowlm.data.tokens.TokenSequence tokens) implements TokenSequence {
    @Override
    public long length() {
      return tokens.length();
    }

    @Override
    public int vocabSize() {
      return tokens.vocabSize();
    }

    @Override
    public void read(long from, int[] ids, int at, int count) {
      tokens.read(from, ids, at, count);
    }

    @Override
    public String contentHash() {
      return tokens.contentHash();
    }

    @Override
    public void close() {
      tokens.close();
    }
  }
}
