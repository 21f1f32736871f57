package org.tarflowlm.data.tokenize;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.tarflowlm.data.DataException;

/**
 * The 27 symbols of text8: id 0 is the space, 1 to 26 are a to z. {@code org.tarflowlm.data.documents.Text8Cleaner} brings any text to
 * this alphabet.
 */
public final class Text8Alphabet implements ByteTokenizer {
  public static final String NAME = "text8";
  public static final int SIZE = 27;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public int vocabSize() {
    return SIZE;
  }

  /** The id of a space. */
  @Override
  public int separator() {
    return 0;
  }

  @Override
  public int id(int unsignedByte) {
    if (unsignedByte == ' ') {
      return 0;
    }
    return unsignedByte >= 'a' && unsignedByte <= 'z' ? unsignedByte - 'a' + 1 : -1;
  }

  @Override
  public int[] encode(String text) {
    int[] ids = new int[text.length()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = id(text.charAt(i));
      if (ids[i] < 0) {
        throw new DataException("character " + describe(text.codePointAt(i)) + " at offset " + i
            + " is outside the text8 alphabet; expected a to z or space");
      }
    }
    return ids;
  }

  @Override
  public byte[] decodeBytes(int[] ids) {
    byte[] bytes = new byte[ids.length];
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0 || ids[i] >= SIZE) {
        throw new DataException("id " + ids[i] + " at position " + i + " is outside the text8 alphabet; expected 0 to 26");
      }
      bytes[i] = (byte) (ids[i] == 0 ? ' ' : 'a' + ids[i] - 1);
    }
    return bytes;
  }

  @Override
  public String decode(int[] ids) {
    return new String(decodeBytes(ids), StandardCharsets.US_ASCII);
  }

  /** Describes a character for an error message: {@code 'E' (U+0045)}; without the glyph if it is not printable. */
  public static String describe(int codePoint) {
    String code = String.format(Locale.ROOT, "U+%04X", codePoint);
    int type = Character.getType(codePoint);
    boolean unprintable = Character.isISOControl(codePoint) || type == Character.SURROGATE || type == Character.UNASSIGNED
        || type == Character.PRIVATE_USE || type == Character.FORMAT || type == Character.LINE_SEPARATOR
        || type == Character.PARAGRAPH_SEPARATOR;
    return unprintable ? code : "'" + Character.toString(codePoint) + "' (" + code + ")";
  }
}
