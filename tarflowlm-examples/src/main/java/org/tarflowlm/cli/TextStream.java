package org.tarflowlm.cli;

import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.generate.StopStrings;
import org.tarflowlm.generate.TokenListener;

/**
 * Prints tokens as they come; characters of several tokens appear when they are complete. Nothing appears after a stop string, also
 * where it ends within a token.
 */
final class TextStream implements TokenListener {
  private final Tokenizer tokenizer;
  private final PrintWriter out;
  private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder()
      .onMalformedInput(CodingErrorAction.REPLACE)
      .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private final StopStrings stops;
  private byte[] rest = new byte[0];
  /** The last bytes that were generated: a stop string may have begun in them. */
  private byte[] tail = new byte[0];
  private boolean stopped;

  TextStream(Tokenizer tokenizer, PrintWriter out, List<String> stopStrings) {
    this.tokenizer = tokenizer;
    this.out = out;
    this.stops = new StopStrings(stopStrings, tokenizer);
  }

  /** Sets the prompt that precedes the generated text. Stop strings in it have no effect. */
  void prompt(String text) {
    print(text.getBytes(StandardCharsets.UTF_8), false);
    out.flush();
  }

  @Override
  public void accept(int[] tokens) {
    if (!stopped) {
      byte[] more = tokenizer.decodeBytes(tokens);
      byte[] text = ByteBuffer.allocate(tail.length + more.length).put(tail).put(more).array();
      int end = stops.endIn(text);
      stopped = end >= 0;
      print(stopped ? Arrays.copyOf(more, Math.max(0, end - tail.length)) : more, false);
      tail = Arrays.copyOfRange(text, Math.max(0, text.length - Math.max(0, stops.longest() - 1)), text.length);
    }
    if (out.checkError()) {
      throw new IllegalStateException("standard output is closed");
    }
  }

  /** No more tokens: the line ends. */
  void end() {
    print(new byte[0], true);
    out.println();
  }

  private void print(byte[] more, boolean last) {
    ByteBuffer bytes = ByteBuffer.allocate(rest.length + more.length).put(rest).put(more).flip();
    CharBuffer characters = CharBuffer.allocate(bytes.remaining() + 1);
    decoder.decode(bytes, characters, last);
    rest = new byte[bytes.remaining()];
    bytes.get(rest);
    out.print(characters.flip());
  }
}
