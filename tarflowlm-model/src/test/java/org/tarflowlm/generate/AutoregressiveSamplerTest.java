package org.tarflowlm.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.flow.CachedTransformer;
import org.tarflowlm.flow.NaiveStack;
import org.tarflowlm.flow.ParameterSource;
import org.tarflowlm.flow.RandomModel;

class AutoregressiveSamplerTest {
  private static final int WINDOW = 10;
  private static final TarFlowConfig CONFIG = RandomModel.config(Text8Alphabet.SIZE, WINDOW, 2, 8, 2, 1, false,
      FlowSpec.affine(1, Direction.LEFT_TO_RIGHT), FlowSpec.affine(1, Direction.RIGHT_TO_LEFT)).autoregressiveTwin();
  private static final Map<String, float[]> PARAMETERS = RandomModel.parameters(CONFIG, 4);
  private static final AutoregressiveSampler SAMPLER = new AutoregressiveSampler(CONFIG, PARAMETERS::get, new Text8Alphabet());

  @Test
  void cachedStepsEqualTheNaiveTransformer() {
    int[] tokens = {3, 1, 20, 26, 0, 7, 7};
    int width = CONFIG.width();
    ParameterSource source = new ParameterSource(PARAMETERS::get, "");
    CachedTransformer cache = new CachedTransformer(new CachedTransformer.Weights(source.under("lm."), width, CONFIG.heads(),
        CONFIG.totalLayers(), WINDOW), 1, 1, WINDOW, 1);
    float[] features = new float[width];
    float[] logits = new float[CONFIG.vocabSize()];
    for (int t = 0; t <= tokens.length; t++) {
      int before = t == 0 ? 0 : tokens[t - 1] * width;
      cache.run(1, new int[1], new int[] {t}, Arrays.copyOfRange(PARAMETERS.get("embed.weight"), before, before + width), features);
      source.product("lm.head", width, CONFIG.vocabSize()).run(features, 1, logits);
      double[] wide = IntStream.range(0, logits.length).mapToDouble(k -> logits[k]).toArray();
      double norm = Math.log(Arrays.stream(wide).map(Math::exp).sum());
      assertArrayEquals(naive(Arrays.copyOf(tokens, t)), Arrays.stream(wide).map(v -> v - norm).toArray(), 1e-5);
    }
  }

  /** Log-probabilities of the token after the given ones. */
  private static double[] naive(int[] tokens) {
    NaiveStack model = new NaiveStack(CONFIG, PARAMETERS);
    double[][] embedded = new double[tokens.length + 1][CONFIG.width()];
    for (int t = 0; t < tokens.length; t++) {
      for (int c = 0; c < CONFIG.width(); c++) {
        embedded[t][c] = PARAMETERS.get("embed.weight")[tokens[t] * CONFIG.width() + c];
      }
    }
    double[][] features = model.transformer("lm.", CONFIG.totalLayers(), embedded);
    double[] logits = model.linear("lm.head", new double[][] {features[tokens.length]})[0];
    double norm = Math.log(Arrays.stream(logits).map(Math::exp).sum());
    return Arrays.stream(logits).map(v -> v - norm).toArray();
  }

  @Test
  void topOneIsGreedyAndLongTextSlides() {
    int[] prompt = {5, 9};
    int[] expected = new int[20];
    List<Integer> text = new ArrayList<>(List.of(5, 9));
    int start = 0;
    for (int i = 0; i < expected.length; i++) {
      start = text.size() - start == WINDOW ? text.size() - WINDOW / 2 : start;
      double[] next = naive(text.subList(start, text.size()).stream().mapToInt(Integer::intValue).toArray());
      for (int k = 1; k < next.length; k++) {
        expected[i] = next[k] > next[expected[i]] ? k : expected[i];
      }
      text.add(expected[i]);
    }
    GenerationOptions options = GenerationOptions.defaults().withMaxNewTokens(20).withTopK(1);
    assertArrayEquals(expected, SAMPLER.generate(prompt, options, null).get(0).tokens());
  }

  @Test
  void samplesFollowTheModel() {
    double[] expected = naive(new int[] {5});
    int[] counts = new int[Text8Alphabet.SIZE];
    int draws = 4000;
    GenerationOptions options = GenerationOptions.defaults().withMaxNewTokens(1).withBatchSize(draws);
    for (Generation each : SAMPLER.generate(new int[] {5}, options, null)) {
      counts[each.tokens()[0]]++;
    }
    for (int k = 0; k < counts.length; k++) {
      double p = Math.exp(expected[k]);
      assertEquals(p, (double) counts[k] / draws, 4.5 * Math.sqrt(p * (1 - p) / draws) + 1e-4, "token " + k);
    }
  }

  @Test
  void seedsRepeatAndDoNotDependOnTheBatch() {
    GenerationOptions options = GenerationOptions.defaults().withMaxNewTokens(15).withBatchSize(3).withSeed(8);
    List<Generation> three = SAMPLER.generate(new int[0], options, null);
    Generation one = SAMPLER.generate(new int[0], options.withBatchSize(1), null).get(0);
    assertArrayEquals(one.tokens(), three.get(0).tokens());
    assertTrue(!Arrays.equals(three.get(0).tokens(), three.get(1).tokens()));
    assertTrue(one.exact());
  }

  @Test
  void stopStringsEndATextAndListenersHearEveryToken() {
    GenerationOptions options = GenerationOptions.defaults().withMaxNewTokens(30);
    Generation whole = SAMPLER.generate(new int[0], options, null).get(0);
    String stop = whole.text().substring(7, 9);
    List<Integer> heard = new ArrayList<>();
    Generation cut = SAMPLER.generate(new int[0], options.withStopStrings(List.of(stop)),
        tokens -> Arrays.stream(tokens).forEach(heard::add)).get(0);
    assertEquals(whole.text().substring(0, whole.text().indexOf(stop) + 2), cut.text());
    assertArrayEquals(cut.tokens(), heard.stream().mapToInt(Integer::intValue).toArray());
  }

  @Test
  void badInputIsNamed() {
    GenerationOptions options = GenerationOptions.defaults();
    assertMessage("prompt[1] is token 27; expected 0 to 26", () -> SAMPLER.generate(new int[] {0, 27}, options, null));
    assertMessage("batchSize is 2; expected 1 for a generation with a listener",
        () -> SAMPLER.generate(new int[0], options.withBatchSize(2), tokens -> { }));
    assertMessage("temperature is 0.0; expected a positive number", () -> options.withTemperature(0));
    assertMessage("temperature is -1.0; expected a positive number", () -> options.withTemperature(-1));
    assertMessage("topP is 0.0; expected a number above 0 and at most 1", () -> options.withTopP(0));
    assertMessage("maxNewTokens is 0; expected at least 1", () -> options.withMaxNewTokens(0));
    assertMessage("stopStrings holds an empty string; expected at least one character", () -> options.withStopStrings(List.of("")));
  }

  private static void assertMessage(String expected, Executable action) {
    assertEquals(expected, assertThrows(IllegalArgumentException.class, action).getMessage());
  }

  @Test
  void greedyTextNeedsNoSeed() {
    GenerationOptions options = GenerationOptions.defaults().withMaxNewTokens(20);
    int[] expected = SAMPLER.generate(new int[] {5, 9}, options.withTopK(1), null).get(0).tokens();
    for (long seed = 1; seed < 4; seed++) {
      assertArrayEquals(expected, SAMPLER.generate(new int[] {5, 9}, options.withDoSample(false).withSeed(seed), null).get(0).tokens());
    }
  }

  /** The penalty changes logits according to their sign. It counts a token once, wherever the token stands. */
  @Test
  void repetitionPenaltyIsHuggingFaces() {
    int[] prompt = {5, 9, 5};
    NaiveStack model = new NaiveStack(CONFIG, PARAMETERS);
    double[][] embedded = new double[prompt.length + 1][CONFIG.width()];
    for (int t = 0; t < prompt.length; t++) {
      for (int c = 0; c < CONFIG.width(); c++) {
        embedded[t + 1][c] = 0;
        embedded[t][c] = PARAMETERS.get("embed.weight")[prompt[t] * CONFIG.width() + c];
      }
    }
    double[] logits = model.linear("lm.head", new double[][] {
        model.transformer("lm.", CONFIG.totalLayers(), embedded)[prompt.length]})[0];
    for (double penalty : new double[] {0.01, 0.5, 2, 100}) {
      double[] changed = logits.clone();
      for (int token : new int[] {5, 9}) {
        changed[token] = logits[token] < 0 ? logits[token] * penalty : logits[token] / penalty;
      }
      int best = 0;
      for (int k = 1; k < changed.length; k++) {
        best = changed[k] > changed[best] ? k : best;
      }
      assertEquals(best, SAMPLER.generate(prompt, GenerationOptions.defaults().withMaxNewTokens(1).withDoSample(false)
          .withRepetitionPenalty(penalty), null).get(0).tokens()[0], "penalty " + penalty);
    }
  }

  @Test
  void anEndOfTextTokenEndsATextAndIsNoPartOfIt() {
    GenerationOptions options = GenerationOptions.defaults().withMaxNewTokens(20);
    Generation whole = SAMPLER.generate(new int[0], options, null).get(0);
    int eos = whole.tokens()[6];
    int end = 0;
    while (whole.tokens()[end] != eos) {
      end++;
    }
    List<Integer> heard = new ArrayList<>();
    Generation ended = SAMPLER.generate(new int[0], options.withEosTokenId(eos),
        tokens -> Arrays.stream(tokens).forEach(heard::add)).get(0);
    assertArrayEquals(Arrays.copyOf(whole.tokens(), end + 1), ended.tokens());
    assertEquals(whole.text().substring(0, end), ended.text());
    assertEquals(end, heard.size());
    assertThrows(IllegalArgumentException.class, () -> SAMPLER.generate(new int[0], options.withEosTokenId(27), null));
  }
}
