package org.tarflowlm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.tarflowlm.data.tokenize.Gpt2Bpe;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;

/** Batches of prompts, and options that only some models support. */
class GenerationChoicesTest {
  private static final GenerationOptions OPTIONS = GenerationOptions.defaults().withMaxNewTokens(24);

  private static void assertRefused(String expected, Executable action) {
    Exception e = assertThrows(IllegalArgumentException.class, action);
    assertTrue(e.getMessage().contains(expected), e::getMessage);
  }

  @Test
  void aPromptOfABatchIsContinuedAsByItself() {
    List<String> prompts = List.of("the whale ", "", "call me ishmael some years ago never mind how long precisely ");
    for (String id : List.of("text8-mixd", "text8-ar")) {
      try (TarFlowLM model = TarFlowLM.pretrained(id)) {
        List<List<Generation>> all = model.generate(prompts, OPTIONS.withBatchSize(2));
        assertEquals(3, all.size());
        for (int i = 0; i < prompts.size(); i++) {
          List<String> alone = model.generate(prompts.get(i), OPTIONS.withBatchSize(2)).stream().map(Generation::text).toList();
          assertEquals(alone, all.get(i).stream().map(Generation::text).toList(), id);
        }
        assertThrows(RuntimeException.class, () -> model.generate(List.of("the ", "No"), OPTIONS));
      }
    }
  }

  @Test
  void flowsRefuseWhatTheyCannotHonour() {
    try (TarFlowLM model = TarFlowLM.pretrained()) {
      assertRefused("doSample is false, but the model is TARFLOW", () -> model.generate("", OPTIONS.withDoSample(false)));
      assertRefused("repetitionPenalty is 1.2, but the model is TARFLOW", () -> model.generate("", OPTIONS.withRepetitionPenalty(1.2)));
      assertRefused("repetitionPenalty is 1.2", () -> model.infill("the ", 4, " of", OPTIONS.withRepetitionPenalty(1.2)));
      assertRefused("eosTokenId is 27; expected 0 to 26", () -> model.generate("", OPTIONS.withEosTokenId(27)));
    }
    try (TarFlowLM model = TarFlowLM.pretrained("text8-mix1")) {
      assertRefused("minP is 0.1, but the model's flows are MIX_1; only MIX_D", () -> model.generate("", OPTIONS.withMinP(0.1)));
    }
    assertRefused("minP is 1.5; expected a number of at least 0 and at most 1", () -> OPTIONS.withMinP(1.5));
    assertRefused("repetitionPenalty is 0.0; expected a positive number", () -> OPTIONS.withRepetitionPenalty(0));
    assertRefused("eosTokenId is -2; expected at least -1", () -> OPTIONS.withEosTokenId(-2));
  }

  /** The graph and the kernels take the most probable component at every step, as top-k 1 does. */
  @Test
  void minPOfOneIsTopKOfOne() {
    try (TarFlowLM model = TarFlowLM.pretrained()) {
      for (int batch : new int[] {1, 2}) {
        GenerationOptions options = OPTIONS.withBatchSize(batch);
        String expected = model.generate("the ", options.withTopK(1)).get(batch - 1).text();
        assertEquals(expected, model.generate("the ", options.withMinP(1)).get(batch - 1).text());
        assertFalse(expected.equals(model.generate("the ", options).get(batch - 1).text()));
      }
    }
  }

  /** A space can mark the end of a text8 text; a flow decodes it like any other token. */
  @Test
  void flowsEndWithAnEndOfTextToken() {
    assertEquals(OptionalInt.of(50256), new Gpt2Bpe().endOfText());
    assertEquals(OptionalInt.empty(), new Text8Alphabet().endOfText());
    try (TarFlowLM model = TarFlowLM.pretrained()) {
      int space = model.tokenizer().encode(" ")[0];
      Generation whole = model.generate("the ", OPTIONS).get(0);
      Generation word = model.generate("the ", OPTIONS.withEosTokenId(space)).get(0);
      assertEquals(whole.text().substring(0, whole.text().indexOf(' ')), word.text());
      assertEquals(word.text().length() + 1, word.tokens().length);
      StringBuilder heard = new StringBuilder();
      model.generate("the ", OPTIONS.withEosTokenId(space), tokens -> heard.append(model.tokenizer().decode(tokens)));
      assertEquals(word.text(), heard.toString());
    }
  }
}
