package org.tarflowlm.data.tokenize;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import com.knuddels.jtokkit.api.IntArrayList;
import java.util.Arrays;
import java.util.OptionalInt;
import org.tarflowlm.data.DataException;

/**
 * GPT-2's byte-pair encoding, 50257 ids, the same as OpenAI's. Text is taken literally: the characters {@code <|endoftext|>} in a
 * document are ordinary text. The caller that joins documents puts {@link #END_OF_TEXT} between them.
 *
 * <p>The library's time and memory grow with the longest word, so long text is passed to it in pieces. Cuts fall between words, or within
 * a long word where the ids show that the cut makes no difference.
 */
public final class Gpt2Bpe implements Tokenizer {
  public static final String NAME = "gpt2";
  public static final int SIZE = 50257;
  /** The id that separates documents. */
  public static final int END_OF_TEXT = 50256;

  /** Characters in a piece. */
  private static final int PIECE = 1 << 13;
  /** Ids on either side of a cut that are encoded again to see whether it makes a difference; a character has up to four. */
  private static final int AROUND = 8;
  private static final int TRIES = 256;

  private static final int UNKNOWN = -1;
  private static final int SPACE = 0;
  private static final int LETTER = 1;
  private static final int NUMBER = 2;
  private static final int OTHER = 3;

  /** Parsing the merge table takes time and memory: all instances share it, and the first use loads it. */
  private static final class Shared {
    static final Encoding ENCODING = Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.R50K_BASE);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public int vocabSize() {
    return SIZE;
  }

  /** The id of {@code <|endoftext|>}, which no text encodes to. */
  @Override
  public int separator() {
    return END_OF_TEXT;
  }

  @Override
  public OptionalInt endOfText() {
    return OptionalInt.of(END_OF_TEXT);
  }

  @Override
  public int[] encode(String text) {
    Tokenizers.requirePairs(text);
    IntArrayList ids = new IntArrayList();
    int from = 0;
    while (text.length() - from > PIECE) {
      int cut = cutBetweenWords(text, from, from + PIECE);
      if (cut > 0) {
        add(ids, encodePiece(text, from, cut));
        from = cut;
      } else {
        from = encodeLongWord(text, from, ids);
      }
    }
    add(ids, encodePiece(text, from, text.length()));
    return ids.toArray();
  }

  private static void add(IntArrayList ids, int[] more) {
    for (int id : more) {
      ids.add(id);
    }
  }

  private static int[] encodePiece(String text, int from, int to) {
    return Shared.ENCODING.encodeOrdinary(text.substring(from, to)).toArray();
  }

  /** The last place in (from, to) where two words meet, or -1. */
  private static int cutBetweenWords(String text, int from, int to) {
    int after = text.codePointBefore(to);
    for (int at = to - Character.charCount(after); at > from; at -= Character.charCount(after)) {
      int before = text.codePointBefore(at);
      if (wordsPart(before, after)) {
        return at;
      }
      after = before;
    }
    return -1;
  }

  /**
   * Whether a word always ends between these two code points, so that a text may be cut there. That is after a character that is not a
   * space, before a space or a character of another kind. GPT-2's pattern is {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+|
   * ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}; an apostrophe may belong to the letters after it.
   */
  public static boolean wordsPart(int before, int after) {
    int left = kind(before);
    int right = kind(after);
    return left > SPACE && before != '\'' && right >= SPACE && left != right;
  }

  private static int kind(int c) {
    if (c >= 9 && c <= 13 || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 || c >= 0x2000 && c <= 0x200a || c == 0x2028 || c == 0x2029
        || c == 0x202f || c == 0x205f || c == 0x3000) {
      return SPACE;
    }
    return switch (Character.getType(c)) {
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
      case Character.UNASSIGNED, Character.SURROGATE -> UNKNOWN;
      default -> Character.isLetter(c) ? LETTER : OTHER;
    };
  }

  /**
   * Encodes a word that is longer than a piece. A merge depends only on its neighbours. The ids on both sides of a cut are therefore
   * right if those next to the cut equal the encoding of the text around it.
   *
   * @return the end of the encoded text
   */
  private static int encodeLongWord(String text, int start, IntArrayList out) {
    int from = start;
    int[] ids = encodePiece(text, from, pieceEnd(text, from, PIECE));
    for (int size = PIECE; pieceEnd(text, from, size) < text.length();) {
      int cut = cutBetweenWords(text, from, pieceEnd(text, from, size));
      if (cut > 0) {
        add(out, encodePiece(text, from, cut));
        return cut;
      }
      Cut within = cutWithinWord(text, from, ids);
      if (within == null) {
        size *= 2; // Adversarial text: a longer piece has other places to cut.
        ids = encodePiece(text, from, pieceEnd(text, from, size));
      } else {
        add(out, Arrays.copyOf(ids, within.count));
        from = within.at;
        ids = within.rest;
        size = PIECE;
      }
    }
    add(out, ids);
    return text.length();
  }

  private static int pieceEnd(String text, int from, int size) {
    int end = (int) Math.min(text.length(), (long) from + size);
    return end < text.length() && Character.isLowSurrogate(text.charAt(end)) ? end - 1 : end;
  }

  /** A cut after the first {@code count} ids, at {@code at} of the text; {@code rest} are the ids of the piece that begins there. */
  private record Cut(int count, int at, int[] rest) {
  }

  private static Cut cutWithinWord(String text, int from, int[] ids) {
    for (int count = ids.length - AROUND; count > AROUND && count > ids.length - TRIES; count--) {
      String head = text(ids, 0, count);
      if (head == null) {
        continue;
      }
      int at = from + head.length();
      int[] rest = encodePiece(text, at, pieceEnd(text, at, PIECE));
      if (fits(ids, count, rest)) {
        return new Cut(count, at, rest);
      }
    }
    return null;
  }

  /** Whether the ids next to a cut equal the encoding of the text around it. */
  private static boolean fits(int[] ids, int count, int[] rest) {
    for (int before = 1; before <= AROUND; before++) {
      for (int after = 1; after <= Math.min(AROUND, rest.length); after++) {
        int[] around = Arrays.copyOfRange(ids, count - before, count + after);
        System.arraycopy(rest, 0, around, before, after);
        String text = text(around, 0, around.length);
        if (text != null) {
          return Arrays.equals(around, Shared.ENCODING.encodeOrdinary(text).toArray());
        }
      }
    }
    return false;
  }

  /** The text of ids [from, to), or null if they begin or end within a character. */
  private static String text(int[] ids, int from, int to) {
    IntArrayList list = new IntArrayList(to - from);
    add(list, Arrays.copyOfRange(ids, from, to));
    String text = Shared.ENCODING.decode(list);
    return text.startsWith("\ufffd") || text.endsWith("\ufffd") ? null : text;
  }

  @Override
  public byte[] decodeBytes(int[] ids) {
    IntArrayList list = new IntArrayList(ids.length);
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0 || ids[i] >= SIZE) {
        throw new DataException("id " + ids[i] + " at position " + i + " is outside GPT-2's vocabulary; expected 0 to 50256");
      }
      list.add(ids[i]);
    }
    return Shared.ENCODING.decodeBytes(list);
  }
}
