package org.tarflowlm.inverse;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.tarflowlm.data.tokenize.Tokenizer;

/** Finds where a generated sequence ends because a stop string is complete. */
final class StopStrings {
  private final List<byte[]> strings;
  private final int longest;
  private final Tokenizer tokenizer;

  StopStrings(List<String> strings, Tokenizer tokenizer) {
    this.strings = strings.stream().map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
    this.tokenizer = tokenizer;
    longest = this.strings.stream().mapToInt(bytes -> bytes.length).max().orElse(0);
  }

  /** Whether a stop string lies in tokens[from .. end) and was completed by the last of them. */
  boolean endAt(int[] tokens, int from, int end) {
    if (strings.isEmpty() || end <= from) {
      return false;
    }
    // every token stands for at least one byte, so the last ones cover the longest string
    int start = Math.max(from, end - longest - 1);
    byte[] before = tokenizer.decodeBytes(Arrays.copyOfRange(tokens, start, end - 1));
    byte[] with = tokenizer.decodeBytes(Arrays.copyOfRange(tokens, start, end));
    return strings.stream().anyMatch(stop -> contains(with, stop) && !contains(before, stop));
  }

  /** Tokens up to and with the one that completes the first stop string; all of them if there is none. */
  int[] truncate(int[] tokens) {
    for (int count = 1; count <= tokens.length; count++) {
      if (endAt(tokens, 0, count)) {
        return Arrays.copyOf(tokens, count);
      }
    }
    return tokens;
  }

  private static boolean contains(byte[] text, byte[] part) {
    for (int at = 0; at + part.length <= text.length; at++) {
      if (Arrays.equals(text, at, at + part.length, part, 0, part.length)) {
        return true;
      }
    }
    return false;
  }
}
