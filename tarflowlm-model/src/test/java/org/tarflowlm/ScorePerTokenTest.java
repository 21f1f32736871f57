package org.tarflowlm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.json.ConfigException;

class ScorePerTokenTest {
  private static double sum(List<Score.Piece> pieces) {
    return pieces.stream().mapToDouble(Score.Piece::bits).sum();
  }

  private static String text(List<Score.Piece> pieces) {
    return pieces.stream().map(Score.Piece::text).collect(Collectors.joining());
  }

  @ParameterizedTest
  @ValueSource(strings = {"text8-mixd", "text8-patch2", "text8-ar"})
  void tokensAddUpToTheText(String id) {
    try (TarFlowLM model = TarFlowLM.pretrained(id)) {
      String text = Excerpt.text().substring(0, 2 * model.config().contextLength() + 51);
      Score score = model.score(text);
      ScoringOptions whole = ScoringOptions.defaults();
      assertEquals(model.score(text, whole).nats(), score.nats(), "the figure is the same to the last bit");
      assertEquals(score.tokens(), score.perToken().size());
      assertEquals(text.substring(0, score.perToken().size()), text(score.perToken()));
      // single precision: text8-patch2, whose codes are up to 4 large and 0.0025 narrow, is 1.2e-5 off
      assertEquals(score.nats() / Math.log(2), sum(score.perToken()), 3e-5 * score.nats());
      assertEquals(score.perToken(), score.perCharacter());
      assertThrows(IllegalStateException.class, () -> model.score(text, whole).perToken());
    }
  }

  @Test
  void aCharacterOfSeveralTokensHasTheirBits() {
    String text = "na\u00efve \u65e5\u672c whales";
    try (TarFlowLM model = TarFlowLM.pretrained("enwik8-mixd")) {
      Score score = model.score(text);
      assertEquals(text.codePointCount(0, text.length()), score.perCharacter().size());
      assertEquals(text, text(score.perCharacter()));
      assertEquals(sum(score.perToken()), sum(score.perCharacter()), 1e-9);
      double[] bits = score.perToken().stream().mapToDouble(Score.Piece::bits).toArray();
      assertEquals(bits[2] + bits[3], score.perCharacter().get(2).bits(), 1e-12);
      assertEquals("\ufffd", score.perToken().get(2).text());
    }
  }

  @Test
  void otherFiguresHaveNoTokens() {
    ScoringOptions options = ScoringOptions.defaults().withPerToken(true);
    assertTrue(assertThrows(ConfigException.class, () -> options.withSamples(4)).getMessage().contains("samples is 4 and stride 0"));
    assertThrows(ConfigException.class, () -> options.withStride(4));
  }

  /** A token that does not follow from the text before costs more bits than one that does. */
  @Test
  void surprisesCostMore() {
    try (TarFlowLM model = TarFlowLM.pretrained("text8-ar")) {
      List<Score.Piece> usual = model.score("the whale").perToken();
      List<Score.Piece> odd = model.score("the wxale").perToken();
      assertEquals(usual.get(4).bits(), odd.get(4).bits(), 1e-4);
      assertTrue(odd.get(5).bits() > usual.get(5).bits() + 3, odd + " " + usual);
    }
  }
}
