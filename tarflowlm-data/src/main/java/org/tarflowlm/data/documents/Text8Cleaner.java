package org.tarflowlm.data.documents;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.Arrays;
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

  /** @param out receives the cleaned text; the caller may empty it between pieces */
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

  /** Handles the char after a high surrogate: the rest of its character, or any char if the text is malformed. */
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

  /** An ASCII character that is not a letter. */
  private void other(int c) {
    if (c >= '0' && c <= '9') {
      word(DIGITS[c - '0']);
    } else {
      spaceDue = true;
    }
  }

  /** A character beyond ASCII: adds its decomposed parts, without marks such as accents. */
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
   * @throws DataException if the source cannot be read, is not UTF-8 or holds documents, or the target cannot be written
   */
  public static long cleanFile(InputFile source, Path target) {
    if (DocumentSources.isCollection(source)) {
      throw new DataException(source + " holds documents; expected one running text: a file, or archive.zip#NAME");
    }
    long[] written = {0};
    return IoErrors.writing(target, () -> {
      AtomicFile.write(target, file -> written[0] = clean(source, file));
      return written[0];
    });
  }

  private static long clean(InputFile source, OutputStream target) throws IOException {
    StringBuilder cleaned = new StringBuilder();
    Text8Cleaner cleaner = new Text8Cleaner(cleaned);
    byte[] piece = new byte[1 << 16];
    int kept = 0;
    long offset = 0;
    long written = 0;
    try (InputStream in = source.open()) {
      for (int n = read(in, piece, kept, source); kept + n > 0; n = read(in, piece, kept, source)) {
        int whole = n == 0 ? kept : Utf8.wholeCharacters(piece, kept + n);
        String text = Utf8.decode(Arrays.copyOf(piece, whole), source, offset);
        cleaner.accept(text, 0, text.length());
        target.write(cleaned.toString().getBytes(StandardCharsets.US_ASCII));
        written += cleaned.length();
        cleaned.setLength(0);
        offset += whole;
        kept = kept + n - whole;
        System.arraycopy(piece, whole, piece, 0, kept);
      }
    }
    return written;
  }

  private static int read(InputStream in, byte[] piece, int from, InputFile source) {
    return IoErrors.reading(source, () -> in.readNBytes(piece, from, piece.length - from));
  }
}
