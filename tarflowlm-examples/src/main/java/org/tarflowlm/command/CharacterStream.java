package org.tarflowlm.command;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Decodes UTF-8 that arrives in pieces. A character of several pieces appears when it is complete. */
public final class CharacterStream {
  private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder()
      .onMalformedInput(CodingErrorAction.REPLACE)
      .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private byte[] rest = new byte[0];

  /** The characters that are complete after these bytes. */
  public CharSequence add(byte[] more) {
    return decode(more, false);
  }

  /** What the last bytes leave: U+FFFD for an incomplete character. */
  public CharSequence end() {
    return decode(new byte[0], true);
  }

  private CharSequence decode(byte[] more, boolean last) {
    ByteBuffer bytes = ByteBuffer.allocate(rest.length + more.length).put(rest).put(more).flip();
    CharBuffer characters = CharBuffer.allocate(bytes.remaining() + 1);
    decoder.decode(bytes, characters, last);
    rest = new byte[bytes.remaining()];
    bytes.get(rest);
    return characters.flip();
  }
}
