package org.tarflowlm.generate;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.tarflowlm.data.tokenize.Tokenizer;

/**
 * Finds where a stop string or an end-of-text token ends a generated text. The text includes the stop string, which may end inside a
 * token, but not the end-of-text token.
 */
public final class StopStrings {
  private final List<byte[]> strings;
  private final int longest;
  private final Tokenizer tokenizer;
  private final int eos;

  public StopStrings(List<String> strings, Tokenizer tokenizer) {
    this(strings, GenerationOptions.NO_EOS, tokenizer);
  }

  /** @param eos the end-of-text token; {@link GenerationOptions#NO_EOS} for none */
  StopStrings(List<String> strings, int eos, Tokenizer tokenizer) {
    this.eos = eos;
    this.strings = strings.stream().map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
    this.tokenizer = tokenizer;
    longest = this.strings.stream().mapToInt(bytes -> bytes.length).max().orElse(0);
  }

  /** Length in bytes of the longest stop string; 0 if there is none. */
  public int longest() {
    return longest;
  }

  /** End, in bytes, of the stop string that is the first to be complete in a text; -1 if there is none. */
  public int endIn(byte[] text) {
    int end = -1;
    for (byte[] stop : strings) {
      for (int at = 0; at + stop.length <= text.length && (end < 0 || at + stop.length < end); at++) {
        if (Arrays.equals(text, at, at + stop.length, stop, 0, stop.length)) {
          end = at + stop.length;
        }
      }
    }
    return end;
  }

  /** Whether tokens [from, end) end a text: the last of them is the end-of-text token or completes a stop string. */
  boolean endAt(int[] tokens, int from, int end) {
    return isEos(tokens, end) || surplus(tokens, from, end) >= 0;
  }

  /** The first {@code count} tokens, without a final end-of-text token: what listeners receive. */
  int[] heard(int[] tokens, int count) {
    return Arrays.copyOf(tokens, count - (isEos(tokens, count) ? 1 : 0));
  }

  private boolean isEos(int[] tokens, int end) {
    return eos != GenerationOptions.NO_EOS && end > 0 && tokens[end - 1] == eos;
  }

  /** The text of generated tokens, without an end-of-text token. A stop string that ends inside the last token cuts the text there. */
  String textOf(int[] tokens) {
    if (isEos(tokens, tokens.length)) {
      return tokenizer.decode(Arrays.copyOf(tokens, tokens.length - 1));
    }
    int surplus = surplus(tokens, 0, tokens.length);
    if (surplus <= 0) {
      return tokenizer.decode(tokens);
    }
    byte[] bytes = tokenizer.decodeBytes(tokens);
    return new String(bytes, 0, bytes.length - surplus, StandardCharsets.UTF_8);
  }

  /** Bytes after the stop string that the last token completes; -1 if it completes none. */
  private int surplus(int[] tokens, int from, int end) {
    if (strings.isEmpty() || end <= from) {
      return -1;
    }
    // Tokens may stand for no bytes: go back until those before the last one hold all bytes but one of the longest string.
    int start = end - 1;
    byte[] before = new byte[0];
    while (start > from && before.length < longest - 1) {
      start = Math.max(from, start - longest);
      before = tokenizer.decodeBytes(Arrays.copyOfRange(tokens, start, end - 1));
    }
    byte[] with = tokenizer.decodeBytes(Arrays.copyOfRange(tokens, start, end));
    int skip = Math.max(0, before.length - longest + 1);
    byte[] tail = Arrays.copyOfRange(with, Math.min(skip, with.length), with.length);
    int stop = endIn(tail);
    return stop < 0 ? -1 : tail.length - stop;
  }
}
