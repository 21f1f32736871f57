package org.tarflowlm.data.tokenize;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Predicate;
import org.tarflowlm.data.DataException;

/**
 * Tokenizers by name: this project's own, and those that other jars provide. A jar provides one by naming its class in {@code
 * META-INF/services/org.tarflowlm.data.tokenize.Tokenizer}.
 */
public final class Tokenizers {
  private static final List<Tokenizer> OWN = List.of(new Text8Alphabet(), new Bytes(), new Gpt2Bpe());

  private Tokenizers() {}

  /**
   * All tokenizers: text8, bytes and gpt2, then those of other jars.
   *
   * @throws DataException if a jar's tokenizer cannot be instantiated
   */
  public static List<Tokenizer> all() {
    List<Tokenizer> result = new ArrayList<>(OWN);
    try {
      ServiceLoader.load(Tokenizer.class).forEach(result::add);
    } catch (ServiceConfigurationError e) {
      throw new DataException("a tokenizer on the class path cannot be used: " + e.getMessage(), e);
    }
    return List.copyOf(result);
  }

  /**
   * The tokenizer of that name; if several have it, the first of {@link #all}.
   *
   * @throws DataException if there is none
   */
  public static Tokenizer byName(String name) {
    Predicate<Tokenizer> named = each -> each.name().equals(name);
    return OWN.stream().filter(named).findFirst().or(() -> all().stream().filter(named).findFirst())
        .orElseThrow(() -> new DataException("tokenizer \"" + name + "\" is not known; expected one of "
            + String.join(", ", all().stream().map(Tokenizer::name).toList())));
  }

  /** @throws DataException if the text has a lone half of a surrogate pair, which UTF-8 cannot express */
  static void requirePairs(String text) {
    int half = loneSurrogate(text);
    if (half >= 0) {
      throw new DataException(String.format(Locale.ROOT, "half of a surrogate pair, U+%04X, at offset %d is not a character",
          (int) text.charAt(half), half));
    }
  }

  /** Index of the first lone half of a surrogate pair, or -1. */
  public static int loneSurrogate(CharSequence text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isHighSurrogate(text.charAt(i)) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(text.charAt(i))) {
        return i;
      }
    }
    return -1;
  }
}
