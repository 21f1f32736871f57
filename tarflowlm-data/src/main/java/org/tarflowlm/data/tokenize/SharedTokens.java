package org.tarflowlm.data.tokenize;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/** Tokens that two tokenizers share: those that decode to the same bytes. */
public final class SharedTokens {
  private SharedTokens() {}

  /**
   * Maps one vocabulary to another, for {@code org.tarflowlm.nn.FineTuning.vocabulary}.
   *
   * @return for each token of {@code to}, the token of {@code from} with the same bytes, or -1
   */
  public static int[] between(Tokenizer from, Tokenizer to) {
    Map<ByteBuffer, Integer> known = new HashMap<>();
    for (int token = 0; token < from.vocabSize(); token++) {
      known.putIfAbsent(bytes(from, token), token);
    }
    int[] shared = new int[to.vocabSize()];
    for (int token = 0; token < shared.length; token++) {
      shared[token] = known.getOrDefault(bytes(to, token), -1);
    }
    return shared;
  }

  private static ByteBuffer bytes(Tokenizer tokenizer, int token) {
    return ByteBuffer.wrap(tokenizer.decodeBytes(new int[] {token}));
  }
}
