package org.tarflowlm.data.documents;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.tarflowlm.data.DataException;

/** Decodes UTF-8 and reports where the bytes are not valid. */
public final class Utf8 {
  private Utf8() {}

  /**
   * Decodes bytes.
   *
   * @param offset of the first byte in the file, for the message
   * @throws DataException naming the first invalid byte and its offset in the file
   */
  public static String decode(byte[] utf8, Object name, long offset) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer bytes = ByteBuffer.wrap(utf8);
    CharBuffer chars = CharBuffer.allocate(utf8.length);
    CoderResult result = decoder.decode(bytes, chars, true);
    if (result.isError()) {
      long at = offset + bytes.position();
      boolean utf16 = at == 0 && utf8.length > 1
          && (utf8[0] == (byte) 0xff && utf8[1] == (byte) 0xfe || utf8[0] == (byte) 0xfe && utf8[1] == (byte) 0xff);
      throw new DataException(String.format(Locale.ROOT, "%s is not valid UTF-8: byte 0x%02X at offset %d%s", name,
          utf8[bytes.position()] & 0xff, at, utf16 ? " begins a UTF-16 byte order mark; expected a text in UTF-8" : ""));
    }
    return chars.flip().toString();
  }

  /** How many of the first {@code length} bytes make up whole characters; bytes that are not UTF-8 count as characters. */
  public static int wholeCharacters(byte[] bytes, int length) {
    for (int back = 1; back <= Math.min(3, length); back++) {
      int b = bytes[length - back] & 0xff;
      if (b >= 0xc0) {
        int needed = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;
        return needed > back ? length - back : length;
      }
      if (b < 0x80) {
        return length;
      }
    }
    return length;
  }
}
