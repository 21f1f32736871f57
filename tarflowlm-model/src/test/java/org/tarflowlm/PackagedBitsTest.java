package org.tarflowlm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tarflowlm.data.documents.Excerpt;

/**
 * What the packaged models say stays what it is: the score of two windows and a text for a seed. Another processor may round a score's
 * last digits differently.
 */
class PackagedBitsTest {
  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "FIGURES"})
  void scoreAndTextOfASeed(String id, double nats, String text) {
    try (TarFlowLM model = TarFlowLM.pretrained(id)) {
      String two = Excerpt.text().substring(0, 2 * model.config().contextLength());
      double scored = model.score(two).nats();
      String written = model.generate("", model.generationOptions().withMaxNewTokens(64).withSeed(7)).get(0).text();
      System.getLogger("bits").log(System.Logger.Level.INFO, "\n\"" + id + " | " + scored + " | " + written + "\"");
      assertEquals(text, "'" + written + "'");
      assertEquals(nats, scored, 1e-6 * nats);
    }
  }
}
