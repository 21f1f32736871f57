package org.tarflowlm.examples;

import java.util.Locale;
import org.tarflowlm.Score;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.data.documents.Excerpt;

/**
 * Scores one text with the flow model and with its discrete twin. The flow model's likelihood is bounded; the bound gets tighter with
 * more samples of the encoder's noise. The twin's likelihood is exact.
 */
public final class CompareLikelihoods {
  private CompareLikelihoods() {}

  /** @param characters number of characters of the bundled excerpt; 4096 if not given */
  public static void main(String... characters) {
    ScoringOptions options = ScoringOptions.defaults().withMaxCharacters(characters.length == 0 ? 4_096 : Long.parseLong(characters[0]));
    System.out.println("model        bound    bits per character   standard error");
    try (TarFlowLM flows = TarFlowLM.pretrained("text8-mixd")) {
      for (int samples : new int[] {1, 4, 16}) {
        print(flows.score(Excerpt.text(), options.withSamples(samples)));
      }
    }
    try (TarFlowLM twin = TarFlowLM.pretrained("text8-ar")) {
      print(twin.score(Excerpt.text(), options));
    }
  }

  private static void print(Score score) {
    System.out.printf(Locale.ROOT, "%-12s %-8s %18.4f %16.4f%n", score.model(), score.bound(), score.bitsPerCharacter(),
        score.standardError());
  }
}
