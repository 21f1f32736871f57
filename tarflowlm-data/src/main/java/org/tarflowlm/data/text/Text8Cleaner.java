package org.tarflowlm.data.text;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.Reader;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.Map;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;

/**
 * Brings any text to text8's form, as Matt Mahoney's script does for Wikipedia: lower case, digits spelled out ("42" becomes
 * "four two"), accents folded ("Caf\u00e9" becomes "cafe"), every run of anything else a single space. No space at either end.
 *
 * <p>An instance cleans one text that comes in pieces; it is not thread-safe. {@link #clean(String)} cleans a whole one.
 */
public final class Text8Cleaner {
  private static final String[] DIGITS = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
  /** Letters that Unicode does not decompose but that have a usual spelling in a to z. */
  private static final Map<Integer, String> SPELLINGS = Map.ofEntries(
      Map.entry(0xDF, "ss"), Map.entry(0xE6, "ae"), Map.entry(0xF0, "d"), Map.entry(0xF8, "o"), Map.entry(0xFE, "th"),
      Map.entry(0x111, "d"), Map.entry(0x127, "h"), Map.entry(0x131, "i"), Map.entry(0x138, "k"), Map.entry(0x142, "l"),
      Map.entry(0x14B, "ng"), Map.entry(0x153, "oe"), Map.entry(0x167, "t"), Map.entry(0x17F, "s"), Map.entry(0x1E9E, "ss"));

  private final StringBuilder out;
  private boolean spaceDue;
  private boolean empty = true;
  private char highSurrogate;

  /** @param out takes the cleaned text; may be emptied between pieces */
  public Text8Cleaner(StringBuilder out) {
    this.out = out;
  }

  /** The cleaned form of a text. */
  public static String clean(String text) {
    StringBuilder out = new StringBuilder(text.length() + 16);
    new Text8Cleaner(out).accept(text, 0, text.length());
    return out.toString();
  }

  /** Cleans the next piece of the text, characters [from, to). */
  public void accept(CharSequence piece, int from, int to) {
    for (int i = from; i < to; i++) {
      char c = piece.charAt(i);
      if (highSurrogate != 0) {
        secondHalf(c);
      }
      if (c >= 'a' && c <= 'z') {
        letter(c);
      } else if (c >= 'A' && c <= 'Z') {
        letter((char) (c + 'a' - 'A'));
      } else if (c < 0x80) {
        other(c);
      } else if (Character.isHighSurrogate(c)) {
        highSurrogate = c;
      } else if (!Character.isLowSurrogate(c)) {
        fold(c);
      }
    }
  }

  /** What follows a high surrogate: the rest of its character, or something else if the text is malformed. */
  private void secondHalf(char c) {
    if (Character.isLowSurrogate(c)) {
      fold(Character.toCodePoint(highSurrogate, c));
    } else {
      spaceDue = true;
    }
    highSurrogate = 0;
  }

  private void letter(char c) {
    if (spaceDue && !empty) {
      out.append(' ');
    }
    out.append(c);
    spaceDue = false;
    empty = false;
  }

  private void word(String word) {
    spaceDue = true;
    for (int i = 0; i < word.length(); i++) {
      letter(word.charAt(i));
    }
    spaceDue = true;
  }

  /** An ASCII character that is no letter. */
  private void other(int c) {
    if (c >= '0' && c <= '9') {
      word(DIGITS[c - '0']);
    } else {
      spaceDue = true;
    }
  }

  /** A character beyond ASCII: its parts, with marks such as accents left out. */
  private void fold(int codePoint) {
    String parts = Normalizer.normalize(Character.toString(codePoint), Normalizer.Form.NFKD);
    for (int i = 0; i < parts.length(); i += Character.charCount(parts.codePointAt(i))) {
      int part = Character.toLowerCase(parts.codePointAt(i));
      int type = Character.getType(part);
      if (part >= 'a' && part <= 'z') {
        letter((char) part);
      } else if (part < 0x80) {
        other(part);
      } else if (SPELLINGS.containsKey(part)) {
        SPELLINGS.get(part).chars().forEach(c -> letter((char) c));
      } else if (type == Character.DECIMAL_DIGIT_NUMBER) {
        word(DIGITS[Character.digit(part, 10)]);
      } else if (type != Character.NON_SPACING_MARK && type != Character.ENCLOSING_MARK && type != Character.FORMAT) {
        spaceDue = true;
      }
    }
  }

  /**
   * Cleans a UTF-8 file (plain or compressed) into a text8-format file, streaming.
   *
   * @return characters written
   * @throws DataException if the source cannot be read or is not UTF-8, or the target cannot be written
   */
  public static long cleanFile(InputFile source, Path target) {
    long[] written = {0};
    try {
      AtomicFile.write(target, file -> written[0] = clean(source, file));
      return written[0];
    } catch (IOException e) {
      throw IoErrors.unwritable(target, e);
    }
  }

  private static long clean(InputFile source, OutputStream target) throws IOException {
    StringBuilder cleaned = new StringBuilder();
    Text8Cleaner cleaner = new Text8Cleaner(cleaned);
    char[] piece = new char[1 << 15];
    long written = 0;
    try (InputStream in = new BufferedInputStream(source.open());
        Reader reader = new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT))) {
      for (int n = read(reader, piece, source); n >= 0; n = read(reader, piece, source)) {
        cleaner.accept(CharBuffer.wrap(piece), 0, n);
        target.write(cleaned.toString().getBytes(StandardCharsets.US_ASCII));
        written += cleaned.length();
        cleaned.setLength(0);
      }
    }
    return written;
  }

  private static int read(Reader reader, char[] piece, InputFile source) {
    try {
      return reader.read(piece);
    } catch (CharacterCodingException e) {
      throw new DataException(source + " is not valid UTF-8", e);
    } catch (IOException e) {
      throw IoErrors.unreadable(source, e);
    }
  }
}
