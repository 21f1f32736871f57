package org.tarflowlm;

import org.tarflowlm.data.tokenize.ByteTokenizer;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokens.TokenSequence;

/** Counts the characters of tokens: Unicode code points, or bytes for tokenizers of bytes. */
final class CharacterCount {
  private static final int CHUNK = 1 << 14;

  private CharacterCount() {}

  /** Characters in the first tokens of a sequence. At least 1. */
  public static long of(TokenSequence tokens, long count, Tokenizer tokenizer) {
    if (tokenizer instanceof ByteTokenizer) {
      return count;
    }
    long characters = 0;
    for (long from = 0; from < count; from += CHUNK) {
      characters += characters(chunk(tokens, from, count), tokenizer);
    }
    return Math.max(1, characters);
  }

  /** Number of tokens from the start that make up at most so many characters. */
  static long tokensWithin(TokenSequence tokens, long maxCharacters, Tokenizer tokenizer) {
    if (tokenizer instanceof ByteTokenizer) {
      return Math.min(tokens.length(), maxCharacters);
    }
    long characters = 0;
    for (long from = 0; from < tokens.length(); from += CHUNK) {
      int[] ids = chunk(tokens, from, tokens.length());
      long here = characters(ids, tokenizer);
      if (characters + here > maxCharacters) {
        int fitting = 0;
        for (; characters <= maxCharacters; fitting++) {
          characters += characters(new int[] {ids[fitting]}, tokenizer);
        }
        return from + fitting - 1;
      }
      characters += here;
    }
    return tokens.length();
  }

  private static int[] chunk(TokenSequence tokens, long from, long end) {
    int[] ids = new int[(int) Math.min(CHUNK, end - from)];
    tokens.read(from, ids, 0, ids.length);
    return ids;
  }

  private static long characters(int[] ids, Tokenizer tokenizer) {
    long characters = 0;
    for (byte each : tokenizer.decodeBytes(ids)) {
      // every byte of UTF-8 that continues a character has the bits 10 in front
      characters += (each & 0xc0) == 0x80 ? 0 : 1;
    }
    return characters;
  }
}
