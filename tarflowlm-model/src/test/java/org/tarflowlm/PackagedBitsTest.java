package org.tarflowlm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tarflowlm.data.documents.Excerpt;

/**
 * The packaged models keep their figures: the score of two windows, and a text for a seed. Another processor may round a score's last
 * digits differently.
 */
class PackagedBitsTest {
  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "text8-mixd | 673.916015625 | 'ing watches a house of capital with a whale timest have not forw'",
      "text8-mixd6 | 610.3544921875 | ' monster please you were insisted their alliances as one our ins'",
      "text8-mix1 | 671.3106689453125 | ' sure in establishing since while they have taken a claim sat an'",
      "text8-affine-d | 728.38671875 | 'n considerable yet so matts of our company at leans feel it moro'",
      "text8-patch2 | 680.93359375 | ' the war hateguch in my own mansfield and such that it could beg'",
      "text8-coarse-to-fine | 704.488525390625 | 'l dry old god more deemed there is open goal in a wake aisponsis'",
      "text8-ar | 641.1554565429688 | 'were the rising of cockstandam in the present they tooks and our'",
      "enwik8-mixd | 926.84228515625 | ' of the Algerian Statusque]'",
      "openwebtext-mixd | 361.041259765625 | ' or way in full children onular heart-shall come is given to thy'"})
  void scoreAndTextOfASeed(String id, double nats, String text) {
    try (TarFlowLM model = TarFlowLM.pretrained(id)) {
      String two = Excerpt.text().substring(0, 2 * model.config().contextLength());
      double scored = model.score(two).nats();
      String written = model.generate("", model.generationOptions().withMaxNewTokens(64).withSeed(7)).get(0).text();
      assertEquals(text, written.substring(0, text.length()));
      assertEquals(nats, scored, 1e-5 * nats);
    }
  }
}
