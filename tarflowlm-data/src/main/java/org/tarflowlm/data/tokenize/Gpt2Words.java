package org.tarflowlm.data.tokenize;

/**
 * Where GPT-2's pattern parts a text into words whatever stands around, so that the text may be cut there: after a character that is
 * not a space, before a space or a character of another kind. Its pattern is {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+|
 * ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}.
 */
public final class Gpt2Words {
  private static final int UNKNOWN = -1;
  private static final int SPACE = 0;
  private static final int LETTER = 1;
  private static final int NUMBER = 2;
  private static final int OTHER = 3;

  private Gpt2Words() {}

  /** Whether words part between two code points wherever they meet. An apostrophe may belong to the letters after it. */
  public static boolean part(int before, int after) {
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
}
