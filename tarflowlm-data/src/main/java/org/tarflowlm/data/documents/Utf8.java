package org.tarflowlm.data.documents;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.tarflowlm.data.DataException;

/** Decodes UTF-8 and says where it is none. */
public final class Utf8 {
  private Utf8() {}

  /**
   * The text of bytes.
   *
   * @param offset of the first byte in the file, for the message
   * @throws DataException naming the first byte that does not belong, and its offset in the file
   */
  public static String decode(byte[] utf8, Object name, long offset) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer bytes = ByteBuffer.wrap(utf8);
    CharBuffer chars = CharBuffer.allocate(utf8.length);
    CoderResult result = decoder.decode(bytes, chars, true);
    if (result.isError()) {
      throw invalid(utf8[bytes.position()], name, offset + bytes.position(), utf8, offset);
    }
    return chars.flip().toString();
  }

  static DataException invalid(byte bad, Object name, long at, byte[] start, long offset) {
    boolean utf16 = offset == 0 && at == 0 && start.length > 1
        && (start[0] == (byte) 0xff && start[1] == (byte) 0xfe || start[0] == (byte) 0xfe && start[1] == (byte) 0xff);
    return new DataException(name + " is not valid UTF-8: byte 0x" + String.format(Locale.ROOT, "%02X", bad & 0xff) + " at offset " + at
        + (utf16 ? " begins a UTF-16 byte order mark; expected a text in UTF-8" : ""));
  }

  /**
   * Number of the first {@code length} bytes that are whole characters; bytes that are not UTF-8 count as characters.
   */
  static int wholeCharacters(byte[] bytes, int length) {
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
