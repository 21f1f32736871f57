package org.tarflowlm.serve;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.tarflowlm.data.tokenize.Tokenizer;

/** Text that arrives token by token. Holds back the bytes of an incomplete character, and an end that may become a stop string. */
final class StreamedText {
  private final Tokenizer tokenizer;
  private final List<String> stops;
  private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder()
      .onMalformedInput(CodingErrorAction.REPLACE)
      .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private final StringBuilder held = new StringBuilder();
  private byte[] rest = new byte[0];
  private boolean stopped;

  StreamedText(Tokenizer tokenizer, List<String> stops) {
    this.tokenizer = tokenizer;
    this.stops = stops;
  }

  /** The text that can be shown after more tokens; may be empty. */
  String add(int[] tokens) {
    decode(tokenizer.decodeBytes(tokens), false);
    return release(false);
  }

  /** The rest of the held-back text, at the end. */
  String end() {
    decode(new byte[0], true);
    return release(true);
  }

  private void decode(byte[] more, boolean last) {
    ByteBuffer bytes = ByteBuffer.allocate(rest.length + more.length).put(rest).put(more).flip();
    CharBuffer characters = CharBuffer.allocate(bytes.remaining() + 1);
    decoder.decode(bytes, characters, last);
    rest = new byte[bytes.remaining()];
    bytes.get(rest);
    held.append(characters.flip());
  }

  private String release(boolean last) {
    if (stopped) {
      return "";
    }
    int end = stops.stream().mapToInt(held::indexOf).filter(at -> at >= 0).min().orElse(-1);
    stopped = end >= 0;
    if (!stopped) {
      end = held.length();
      for (int at = held.length() - 1; !last && at >= 0; at--) {
        String tail = held.substring(at);
        if (stops.stream().anyMatch(stop -> stop.startsWith(tail))) {
          end = at;
        }
      }
    }
    String text = held.substring(0, end);
    held.delete(0, end);
    return text;
  }
}
