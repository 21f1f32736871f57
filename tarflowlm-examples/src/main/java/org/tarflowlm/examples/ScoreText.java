package org.tarflowlm.examples;

import java.util.List;
import java.util.Locale;
import org.tarflowlm.Score;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.data.documents.Text8Cleaner;

/** Prints how many bits per character the packaged model needs for the given texts, or for a sentence and two worse ones. */
public final class ScoreText {
  private static final List<String> TEXTS = List.of(
      "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness.",
      "Times best the was of it, times worst the was of it, wisdom age the was of it, foolishness age the was of it.",
      "Semit fo tseb eht saw ti, semit fo tsrow eht saw ti, modsiw fo ega eht saw ti, ssenhsiloof fo ega eht saw ti.");

  private ScoreText() {}

  public static void main(String... texts) {
    try (TarFlowLM model = TarFlowLM.pretrained()) {
      for (String text : texts.length == 0 ? TEXTS : List.of(texts)) {
        String cleaned = Text8Cleaner.clean(text);
        Score score = model.score(cleaned);
        System.out.printf(Locale.ROOT, "%.3f bits per character (%s)  %s%n", score.bitsPerCharacter(), score.bound(), cleaned);
      }
    }
  }
}
