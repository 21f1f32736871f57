package org.tarflowlm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.Fixtures;
import org.tarflowlm.data.DataException;
import org.tarflowlm.zoo.TarFlowZoo;

class TokenScorerTest {
  private static final String TEXT = "call me ishmael some years ago never mind how long precisely having little or no money in my purse "
      + "and nothing particular to interest me on shore i thought i would sail about a little and see the watery part of the world";

  @ParameterizedTest
  @ValueSource(strings = {"tiny", "text8-mixd", "text8-ar"})
  void bitsOfTokensAddUpToTheScore(String id) {
    Checkpoint checkpoint = id.equals("tiny") ? Fixtures.tiny() : TarFlowZoo.load(id);
    try (TokenScorer tokens = new TokenScorer(checkpoint); TarFlowLM model = TarFlowLM.of(checkpoint)) {
      double[] bits = tokens.bits(TEXT, 3);
      Score score = model.score(TEXT, ScoringOptions.defaults().withSeed(3));
      assertEquals(score.tokens(), bits.length);
      assertEquals(score.nats() / Math.log(2), Arrays.stream(bits).sum(), 1e-4 * score.tokens());
      assertThrows(DataException.class, () -> tokens.bits("", 3));
    }
  }

  /** A discrete model's bits depend on earlier tokens alone, so a prefix keeps them. */
  @ParameterizedTest
  @ValueSource(ints = {1, 20, 60})
  void aPrefixKeepsItsBitsInADiscreteModel(int length) {
    try (TokenScorer tokens = new TokenScorer(TarFlowZoo.load("text8-ar"))) {
      double[] whole = tokens.bits(TEXT, 1);
      double[] prefix = tokens.bits(TEXT.substring(0, length), 1);
      for (int t = 0; t < length; t++) {
        assertEquals(whole[t], prefix[t], 1e-4);
      }
    }
  }
}
