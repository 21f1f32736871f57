package org.tarflowlm.data.tokenize;

import java.util.Locale;
import org.tarflowlm.data.DataException;

/** Strings that are no text. */
final class Surrogates {
  private Surrogates() {}

  /** @throws DataException if half of a surrogate pair stands alone, which no UTF-8 can express */
  static void requirePairs(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        throw new DataException(
            String.format(Locale.ROOT, "half of a surrogate pair, U+%04X, at offset %d is not a character", (int) c, i));
      }
    }
  }
}
