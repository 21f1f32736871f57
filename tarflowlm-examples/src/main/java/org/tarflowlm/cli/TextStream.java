package org.tarflowlm.cli;

import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.inverse.TokenListener;

/** Prints tokens as they come; characters of several tokens appear when they are complete. */
final class TextStream implements TokenListener {
  private final Tokenizer tokenizer;
  private final PrintWriter out;
  private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder()
      .onMalformedInput(CodingErrorAction.REPLACE)
      .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private byte[] rest = new byte[0];

  TextStream(Tokenizer tokenizer, PrintWriter out) {
    this.tokenizer = tokenizer;
    this.out = out;
  }

  @Override
  public void accept(int[] tokens) {
    print(tokenizer.decodeBytes(tokens), false);
    if (out.checkError()) {
      throw new IllegalStateException("standard output is closed");
    }
  }

  /** No more tokens: the line ends. */
  void end() {
    print(new byte[0], true);
    out.println();
    out.flush();
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
