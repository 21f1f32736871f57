package org.tarflowlm.serve;

import java.util.List;
import org.tarflowlm.command.CharacterStream;
import org.tarflowlm.data.tokenize.Tokenizer;

/** Text that arrives token by token. Holds back the bytes of an incomplete character, and an end that may become a stop string. */
final class StreamedText {
  private final Tokenizer tokenizer;
  private final List<String> stops;
  private final CharacterStream characters = new CharacterStream();
  private final StringBuilder held = new StringBuilder();
  private boolean stopped;

  StreamedText(Tokenizer tokenizer, List<String> stops) {
    this.tokenizer = tokenizer;
    this.stops = stops;
  }

  /** The text that can be shown after more tokens; may be empty. */
  String add(int[] tokens) {
    held.append(characters.add(tokenizer.decodeBytes(tokens)));
    return release(false);
  }

  /** The rest of the held-back text, at the end. */
  String end() {
    held.append(characters.end());
    return release(true);
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
