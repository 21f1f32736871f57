package org.tarflowlm.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.flow.LatentDecoder;
import org.tarflowlm.flow.RandomModel;
import org.tarflowlm.flow.StackTransform;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.generate.parallel.NGramTable;

class FlowGeneratorTest {
  private static final Direction L2R = Direction.LEFT_TO_RIGHT;
  private static final Direction R2L = Direction.RIGHT_TO_LEFT;
  private static final FlowSpec[] THREE_FLOWS = {
      FlowSpec.tiedMixD(1, Text8Alphabet.SIZE, L2R), FlowSpec.mix1(1, 2, R2L), FlowSpec.mix1(1, 2, L2R)};
  private static final GenerationOptions OPTIONS = GenerationOptions.defaults().withMaxNewTokens(14).withSeed(6);

  private static FlowGenerator generator(int patch, FlowSpec... flows) {
    TarFlowConfig config = RandomModel.config(Text8Alphabet.SIZE, 16, 2, 8, 2, patch, patch > 1 && flows.length > 1, flows);
    return new FlowGenerator(StackWeights.of(config, RandomModel.parameters(config, 21)::get), new Text8Alphabet(),
        () -> NGramTable.empty(Text8Alphabet.SIZE));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void seedsRepeatWhateverTheBatch(int patch) {
    FlowGenerator generator = generator(patch, THREE_FLOWS);
    for (int[] prompt : new int[][] {{}, {8, 5, 12, 12, 15}}) {
      List<Generation> three = generator.generate(prompt, OPTIONS.withBatchSize(3).withRefinements(2), null);
      Generation one = generator.generate(prompt, OPTIONS.withRefinements(2), null).get(0);
      assertArrayEquals(one.tokens(), three.get(0).tokens());
      assertEquals(14, one.tokens().length);
      assertEquals(14, one.text().length());
      assertFalse(Arrays.equals(three.get(0).tokens(), three.get(1).tokens()));
      assertEquals(prompt.length == 0, one.exact());
    }
  }

  @Test
  void flowsOverSomeChannelsWriteThroughTheGraphAsThroughTheKernels() {
    for (Direction direction : Direction.values()) {
      FlowGenerator generator = generator(1, FlowSpec.tiedMixD(1, Text8Alphabet.SIZE, direction.opposite()).onChannels(1, 2, 3),
          FlowSpec.tiedMixD(1, Text8Alphabet.SIZE, direction).onChannels(0, 1, 0));
      for (int[] prompt : new int[][] {{}, {8, 5, 12, 12, 15}}) {
        Generation one = generator.generate(prompt, OPTIONS, null).get(0);
        List<int[]> heard = new ArrayList<>();
        generator.generate(prompt, OPTIONS, heard::add);
        assertArrayEquals(one.tokens(), heard.stream().flatMapToInt(Arrays::stream).toArray());
        assertArrayEquals(one.tokens(), generator.generate(prompt, OPTIONS.withBatchSize(2), null).get(0).tokens());
        assertEquals(prompt.length == 0, one.exact());
      }
    }
  }

  @Test
  void aWindowFromNothingIsTheInverseOfTheNoise() {
    FlowGenerator generator = generator(1, THREE_FLOWS);
    TarFlowConfig config = RandomModel.config(Text8Alphabet.SIZE, 16, 2, 8, 2, 1, false, THREE_FLOWS);
    StackTransform stack = new StackTransform(StackWeights.of(config, RandomModel.parameters(config, 21)::get));
    Random random = Prompts.random(6, 0);
    double[][] u = new double[1][28];
    for (int i = 0; i < 28; i++) {
      u[0][i] = random.nextGaussian();
    }
    StackTransform.Inverse inverse = stack.inverse(u);
    LatentDecoder decoder = new LatentDecoder(stack.weights().codebook());
    Generation found = generator.generate(new int[0], OPTIONS.withShowFlows(true), null).get(0);
    assertArrayEquals(decoder.decode(inverse.latents().z()[0]), found.tokens());
    for (int l = 0; l <= 3; l++) {
      assertArrayEquals(decoder.decodeLevel(l, inverse.latents().h()[l][0], 0, 14), found.levels()[l], "level " + l);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void listenersHearTheTextPatchByPatchAndStopStringsEndIt(int patch) {
    for (FlowGenerator generator : List.of(generator(patch, THREE_FLOWS), generator(patch, FlowSpec.mix1(1, 3, R2L)))) {
      Generation whole = generator.generate(new int[0], OPTIONS, null).get(0);
      String stop = whole.text().substring(6, 8);
      List<Integer> heard = new ArrayList<>();
      Generation cut = generator.generate(new int[0], OPTIONS.withStopStrings(List.of(stop)),
          tokens -> Arrays.stream(tokens).forEach(heard::add)).get(0);
      assertEquals(whole.text().substring(0, whole.text().indexOf(stop) + 2), cut.text());
      assertArrayEquals(cut.tokens(), heard.stream().mapToInt(Integer::intValue).toArray());
    }
  }

  @Test
  void anExceptionOfTheListenerEndsTheGeneration() {
    FlowGenerator generator = generator(1, THREE_FLOWS);
    int[] calls = new int[1];
    IllegalStateException thrown = assertThrows(IllegalStateException.class, () -> generator.generate(new int[0], OPTIONS, tokens -> {
      if (++calls[0] == 3) {
        throw new IllegalStateException("closed");
      }
    }));
    assertEquals("closed", thrown.getMessage());
    assertEquals(3, calls[0]);
  }

  @Test
  void longTextSlides() {
    FlowGenerator generator = generator(2, THREE_FLOWS);
    Generation found = generator.generate(new int[] {1, 2, 3, 4}, OPTIONS.withMaxNewTokens(41).withShowFlows(true), null).get(0);
    assertEquals(41, found.tokens().length);
    assertArrayEquals(found.tokens(), found.levels()[0]);
    assertEquals(List.of(new WindowPlan(4, 12), new WindowPlan(8, 8), new WindowPlan(8, 8), new WindowPlan(8, 8), new WindowPlan(8, 6)),
        WindowPlan.of(4, 41, 16, 2));
    assertEquals(List.of(new WindowPlan(4, 12)), WindowPlan.of(5, 11, 16, 2));
    assertEquals(List.of(new WindowPlan(8, 8), new WindowPlan(8, 4)), WindowPlan.of(100, 12, 16, 2));
  }

  @Test
  void aGapIsFilledBetweenTwoTexts() {
    FlowGenerator generator = generator(2, THREE_FLOWS);
    int[] left = {3, 1, 20, 0, 9};
    int[] right = {0, 15, 14};
    GenerationOptions options = OPTIONS.withBatchSize(2).withRefinements(3).withShowFlows(true);
    List<Generation> found = generator.infill(left, 4, right, options);
    assertEquals(2, found.size());
    assertEquals(4, found.get(0).text().length());
    assertFalse(found.get(0).exact());
    assertTrue(found.get(0).accepted() >= 0 && found.get(0).accepted() <= 1);
    assertArrayEquals(found.get(0).tokens(), found.get(0).levels()[0]);
    assertArrayEquals(found.get(1).tokens(), generator.infill(left, 4, right, options).get(1).tokens());
    assertMessage("the gap has 3 tokens; expected at least 1, in patches of 2", () -> generator.infill(left, 3, right, OPTIONS));
    assertMessage("the texts and the gap have 18 tokens; the window has 16", () -> generator.infill(left, 12, right, OPTIONS));
  }

  @Test
  void theViewTellsWhatEachFlowChanged() {
    FlowGenerator generator = generator(1, THREE_FLOWS);
    TarFlowConfig config = RandomModel.config(Text8Alphabet.SIZE, 16, 2, 8, 2, 1, false, THREE_FLOWS);
    Generation generation = generator.generate(new int[0], OPTIONS.withShowFlows(true), null).get(0);
    FlowView view = FlowView.of(generation, config, new Text8Alphabet());
    assertEquals(List.of("noise", "flow 2 (Mix-1, left to right)", "flow 1 (Mix-1, right to left)", "flow 0 (Mix-d, left to right)"),
        view.passes().stream().map(FlowView.Pass::source).toList());
    assertEquals(0, view.passes().get(0).changes());
    FlowView.Pass last = view.passes().get(3);
    assertEquals(generation.text(), last.text());
    assertEquals(generation.text(), String.join("", last.pieces()));
    for (int t = 0; t < last.tokens().length; t++) {
      assertEquals(last.tokens()[t] != view.passes().get(2).tokens()[t], last.changed()[t]);
    }
    Generation plain = generator.generate(new int[0], OPTIONS, null).get(0);
    assertMessage("the text was generated without showFlows; its levels are not known",
        () -> FlowView.of(plain, config, new Text8Alphabet()));
  }

  @Test
  void topOneGivesTheMostProbableTokenOfAMixD() {
    FlowGenerator generator = generator(1, FlowSpec.tiedMixD(1, Text8Alphabet.SIZE, L2R));
    Generation a = generator.generate(new int[] {4}, OPTIONS.withMaxNewTokens(1).withTopK(1), null).get(0);
    Generation b = generator.generate(new int[] {4}, OPTIONS.withMaxNewTokens(1).withTemperature(1e-3), null).get(0);
    assertArrayEquals(a.tokens(), b.tokens());
    assertTrue(a.exact());
  }

  @Test
  void badInputIsNamed() {
    FlowGenerator generator = generator(4, THREE_FLOWS);
    assertMessage("the prompt has 3 tokens; expected none or at least a patch of 4",
        () -> generator.generate(new int[] {1, 2, 3}, OPTIONS, null));
    assertMessage("prompt[0] is token -1; expected 0 to 26", () -> generator.generate(new int[] {-1, 2, 3, 4}, OPTIONS, null));
    FlowGenerator affine = generator(1, FlowSpec.affine(1, L2R));
    assertMessage("topK is 2, but the model's flows are AFFINE; only MIX_D and AFFINE_D have components to choose from",
        () -> affine.generate(new int[0], OPTIONS.withTopK(2), null));
    assertMessage("topP is 0.5, but the model's flows are AFFINE; only MIX_D and AFFINE_D have components to choose from",
        () -> affine.infill(new int[0], 3, new int[0], OPTIONS.withTopP(0.5)));
    assertMessage("batchSize is 2; expected 1 for a generation with a listener",
        () -> generator.generate(new int[0], OPTIONS.withBatchSize(2), tokens -> { }));
  }

  private static void assertMessage(String expected, Executable action) {
    assertEquals(expected, assertThrows(IllegalArgumentException.class, action).getMessage());
  }
}
