package org.tarflowlm.data.tokenize;

/**
 * A tokenizer whose tokens are single bytes of the text. Token n of a file is its n-th byte, so that reading can start at any position
 * without tokenising what comes before.
 */
public interface ByteTokenizer extends Tokenizer {
  /** Id of a byte (0 to 255), or -1 if the byte is outside the alphabet. */
  int id(int unsignedByte);

  /** A table of 256 entries: {@link #id} of each byte. */
  default short[] table() {
    short[] table = new short[256];
    for (int b = 0; b < 256; b++) {
      table[b] = (short) id(b);
    }
    return table;
  }
}
