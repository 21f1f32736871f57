package org.tarflowlm.data.tokens;

/** A sequence read from front to back. */
public final class SequenceTokenStream implements TokenStream {
  private final TokenSequence tokens;
  private long position;

  public SequenceTokenStream(TokenSequence tokens) {
    this.tokens = tokens;
  }

  @Override
  public int read(int[] ids, int at, int count) {
    int n = (int) Math.min(count, tokens.length() - position);
    tokens.read(position, ids, at, n);
    position += n;
    return n;
  }

  @Override
  public long documents() {
    return 1;
  }

  @Override
  public void close() {
    tokens.close();
  }
}
