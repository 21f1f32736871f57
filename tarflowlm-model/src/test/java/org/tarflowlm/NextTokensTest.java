package org.tarflowlm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.eval.TokenChoice;

class NextTokensTest {
  private static final int LETTERS = 27;

  /** The whole distribution at each position of more than two windows, and the probability of the actual token. */
  @ParameterizedTest
  @ValueSource(strings = {"text8-ar", "text8-mixd"})
  void theProbabilitiesOfAllTokensAddUpToOne(String id) {
    try (TarFlowLM model = TarFlowLM.pretrained(id)) {
      int[] tokens = tokens(model, 2 * model.config().contextLength() + 51);
      List<List<TokenChoice>> found = model.nextTokens(tokens, LETTERS, 1).orElseThrow();
      List<List<TokenChoice>> few = model.nextTokens(tokens, 3, 1).orElseThrow();
      assertEquals(tokens.length, found.size());
      for (int t = 0; t < tokens.length; t++) {
        TokenChoice there = found.get(t).get(0);
        List<TokenChoice> all = found.get(t).subList(1, LETTERS + 1);
        assertEquals(tokens[t], there.token());
        assertTrue(all.contains(there));
        assertEquals(1, all.stream().mapToDouble(each -> Math.exp(each.nats())).sum(), 1e-6);
        assertEquals(all.stream().sorted(Comparator.comparingDouble(TokenChoice::nats).reversed()).toList(), all);
        assertEquals(all.subList(0, 3), few.get(t).subList(1, 4));
      }
    }
  }

  @Test
  void ofADiscreteModelTheyAreItsScore() {
    try (TarFlowLM model = TarFlowLM.pretrained("text8-ar")) {
      int[] tokens = tokens(model, 300);
      List<Score.Piece> pieces = model.score(model.tokenizer().decode(tokens)).perToken();
      List<List<TokenChoice>> found = model.nextTokens(tokens, 0, 1).orElseThrow();
      for (int t = 0; t < tokens.length; t++) {
        assertEquals(pieces.get(t).bits() * Math.log(2), -found.get(t).get(0).nats(), 1e-4);
      }
    }
  }

  /** The likelihood includes the next flow, so the two figures are near each other, but not equal. */
  @Test
  void ofATiedFlowTheyAreItsMixtureWeights() {
    try (TarFlowLM model = TarFlowLM.pretrained("text8-mixd")) {
      int[] tokens = tokens(model, 1024);
      double bits = -model.nextTokens(tokens, 0, 1).orElseThrow().stream().mapToDouble(each -> each.get(0).nats()).sum() / Math.log(2);
      assertEquals(model.score(model.tokenizer().decode(tokens)).bitsPerCharacter(), bits / tokens.length, 0.1);
      int[] word = model.tokenizer().encode("the whal");
      TokenChoice likely = model.nextTokens(model.tokenizer().encode("the whale"), 1, 1).orElseThrow().get(word.length).get(1);
      assertEquals("e", model.tokenizer().decode(new int[] {likely.token()}));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"text8-mix1", "text8-affine-d", "text8-patch2", "text8-coarse-to-fine"})
  void otherFlowsSayNothingOfTokens(String id) {
    try (TarFlowLM model = TarFlowLM.pretrained(id)) {
      assertTrue(model.nextTokens(new int[] {1, 2}, 3, 1).isEmpty());
    }
  }

  @Test
  void unknownTokensAreRefused() {
    try (TarFlowLM model = TarFlowLM.pretrained("text8-ar")) {
      assertThrows(DataException.class, () -> model.nextTokens(new int[] {LETTERS}, 3, 1));
      assertEquals(List.of(), model.nextTokens(new int[0], 3, 1).orElseThrow());
    }
  }

  private static int[] tokens(TarFlowLM model, int count) {
    return model.tokenizer().encode(Excerpt.text().substring(0, count));
  }
}
