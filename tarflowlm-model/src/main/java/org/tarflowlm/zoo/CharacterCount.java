package org.tarflowlm.zoo;

import java.util.Arrays;
import org.tarflowlm.data.text.TokenSequence;
import org.tarflowlm.data.tokenize.ByteTokenizer;
import org.tarflowlm.data.tokenize.Tokenizer;

/** How much text tokens are. */
final class CharacterCount {
  private static final int CHUNK = 1 << 14;

  private CharacterCount() {}

  /** Characters (Unicode code points) in the first tokens of a sequence; bytes for tokenizers of bytes. At least 1. */
  static long of(TokenSequence tokens, long count, Tokenizer tokenizer) {
    if (tokenizer instanceof ByteTokenizer) {
      return count;
    }
    int[] ids = new int[CHUNK];
    long characters = 0;
    for (long from = 0; from < count; from += CHUNK) {
      int n = (int) Math.min(CHUNK, count - from);
      tokens.read(from, ids, 0, n);
      for (byte each : tokenizer.decodeBytes(Arrays.copyOf(ids, n))) {
        // all bytes of UTF-8 but those that go on with a character begin with other bits than 10
        characters += (each & 0xc0) == 0x80 ? 0 : 1;
      }
    }
    return Math.max(1, characters);
  }
}
