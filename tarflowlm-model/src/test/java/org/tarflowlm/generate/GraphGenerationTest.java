package org.tarflowlm.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.flow.FlowPass;
import org.tarflowlm.flow.FlowWeights;
import org.tarflowlm.flow.LatentEncoder;
import org.tarflowlm.flow.RandomModel;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.flow.TokenFilter;
import org.tarflowlm.generate.parallel.Decoding;
import org.tarflowlm.generate.parallel.NGramTable;
import org.tarflowlm.generate.parallel.ParallelFlows;
import org.tarflowlm.nn.InverseSession;

/** The graph writes the same tokens as the flows' kernels, with the same latents to the last bit. */
class GraphGenerationTest {
  private static final Direction L2R = Direction.LEFT_TO_RIGHT;
  private static final Direction R2L = Direction.RIGHT_TO_LEFT;
  private static final FlowSpec[] BOTH_WAYS = {
      FlowSpec.tiedMixD(1, Text8Alphabet.SIZE, L2R), FlowSpec.mix1(1, 2, R2L), FlowSpec.mix1(1, 2, L2R)};
  private static final FlowSpec[] FORWARDS = {FlowSpec.tiedMixD(1, Text8Alphabet.SIZE, L2R), FlowSpec.affine(1, L2R)};
  private static final FlowSpec[] BACKWARDS = {FlowSpec.mix1(1, 3, R2L), FlowSpec.affine(1, R2L), FlowSpec.mixD(1, 4, L2R)};
  private static final FlowSpec[] IN_TOKEN = {FlowSpec.mix1(1, 3, L2R), FlowSpec.affine(0, L2R), FlowSpec.affine(1, R2L)};
  private static final GenerationOptions OPTIONS = GenerationOptions.defaults().withMaxNewTokens(10).withSeed(6).withShowFlows(true);

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void textsFromNothingAndFromPromptsAreTheSame(int patch) {
    for (FlowSpec[] flows : List.of(BOTH_WAYS, FORWARDS, BACKWARDS, IN_TOKEN)) {
      Pair pair = new Pair(patch, flows);
      for (int[] prompt : new int[][] {{}, {8, 5, 12, 12, 15}}) {
        pair.check(prompt, OPTIONS);
        pair.check(prompt, OPTIONS.withBatchSize(3).withSeed(7));
        pair.check(prompt, OPTIONS.withMaxNewTokens(30));
        pair.check(prompt, OPTIONS.withTemperature(0.8).withNoiseTemperature(0.9).withBatchSize(2));
      }
    }
  }

  @Test
  void componentsAreChosenTheSameWay() {
    Pair pair = new Pair(1, BOTH_WAYS);
    for (GenerationOptions options : List.of(OPTIONS.withTopK(3), OPTIONS.withTopP(0.7), OPTIONS)) {
      pair.check(new int[] {3, 1, 20}, options);
    }
  }

  /** The kernels run streams, stop strings, parallel decoding and refinements, and write the same text. */
  @Test
  void whatGoesToTheKernelsTellsTheSame() {
    Pair pair = new Pair(1, BOTH_WAYS);
    int[] prompt = {8, 5, 12};
    Generation whole = pair.graph.generate(prompt, OPTIONS, null).get(0);
    assertEquals(1, pair.runs);
    List<Integer> heard = new ArrayList<>();
    pair.graph.generate(prompt, OPTIONS, tokens -> Arrays.stream(tokens).forEach(heard::add));
    assertArrayEquals(whole.tokens(), heard.stream().mapToInt(Integer::intValue).toArray());
    Generation stopped = pair.graph.generate(prompt, OPTIONS.withStopStrings(List.of(whole.text().substring(4, 6))), null).get(0);
    assertTrue(whole.text().startsWith(stopped.text()));
    Generation parallel = pair.graph.generate(prompt, OPTIONS.withDecoding(Decoding.PARALLEL), null).get(0);
    assertArrayEquals(whole.tokens(), parallel.tokens());
    pair.graph.generate(prompt, OPTIONS.withRefinements(2), null);
    assertEquals(1, pair.runs);
    pair.graph.generate(new int[0], OPTIONS.withRefinements(2), null);
    assertEquals(2, pair.runs, "a text from nothing needs no refinement");
  }

  /** A stream, and a gap with nothing after it, are continuations: their latents and levels equal the graph's to the last bit. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void streamsAndInfillingsHaveTheBitsOfTheGraph(int patch) {
    int[] prompt = {8, 5, 12, 12};
    for (FlowSpec[] flows : List.of(BOTH_WAYS, FORWARDS, BACKWARDS, IN_TOKEN)) {
      Pair pair = new Pair(patch, flows);
      Generation whole = pair.graph.generate(prompt, OPTIONS.withMaxNewTokens(8), null).get(0);
      assertEquals(1, pair.runs);
      assertSame(whole, pair.graph.generate(prompt, OPTIONS.withMaxNewTokens(8), tokens -> { }).get(0));
      assertSame(whole, pair.graph.infill(prompt, 8, new int[0], OPTIONS).get(0));
      assertEquals(1, pair.runs);
    }
  }

  /** No graph fills a gap between two texts. Each flow's op turns the filling into the filling's levels, to the last bit. */
  @Test
  void levelsOfAnInfillingAreThoseOfTheOps() {
    int[] left = {8, 5, 12};
    int[] right = {15, 23, 15, 18};
    for (FlowSpec[] flows : List.of(BOTH_WAYS, FORWARDS, BACKWARDS, IN_TOKEN)) {
      Pair pair = new Pair(1, flows);
      int d = pair.weights.config().latentDim();
      double[][] found = pair.graph.infill(left, 5, right, OPTIONS).get(0).latents();
      LatentEncoder encoder = new LatentEncoder(pair.weights.codebook());
      double[] h = Arrays.copyOf(encoder.encode(left, OPTIONS.seed(), 0, 0), 12 * d);
      System.arraycopy(found[0], 0, h, 3 * d, 5 * d);
      System.arraycopy(encoder.encode(right, OPTIONS.seed(), 0, 8), 0, h, 8 * d, 4 * d);
      for (FlowWeights flow : pair.weights.flows()) {
        double[][][] levels = FlowPass.forward(flow, Sampling.DEFAULT, d, new double[][] {h}, 0);
        for (int k = 0; k < levels.length; k++) {
          h = levels[k][0];
          assertArrayEquals(Arrays.copyOfRange(h, 3 * d, 8 * d), found[flow.index() + k + 1], "h" + (flow.index() + k + 1));
        }
      }
    }
  }

  /** Parallel decoding without a tolerance gives the graph's z to the last bit; with the usual tolerance it gives the same tokens. */
  @Test
  void parallelDecodingHasTheBitsOfTheGraphWhereItPromisesThem() {
    for (FlowSpec[] flows : List.of(BOTH_WAYS, FORWARDS, BACKWARDS, IN_TOKEN)) {
      Pair pair = new Pair(1, flows);
      Generation whole = pair.graph.generate(new int[0], OPTIONS.withMaxNewTokens(16), null).get(0);
      ParallelFlows exact = new ParallelFlows(pair.weights, () -> NGramTable.empty(Text8Alphabet.SIZE), 0, 0.0);
      SpanSampler sampler = new SpanSampler(pair.weights, TokenFilter.NONE, 1.0, 1, 16, 0, 16, exact, Decoding.PARALLEL);
      double[][] z = {new double[whole.latents()[0].length]};
      sampler.draw(z, new Random[] {Prompts.random(OPTIONS.seed(), 0)}, 0, null);
      assertTrue(exact.speeds().get(0).positionsPerPass() > 0, "blocks were used");
      assertArrayEquals(whole.latents(), sampler.levels(z[0]));
      Generation usual = pair.graph.generate(new int[0], OPTIONS.withMaxNewTokens(16).withDecoding(Decoding.PARALLEL), null).get(0);
      assertArrayEquals(whole.tokens(), usual.tokens());
      for (int l = 0; l < usual.latents().length; l++) {
        assertArrayEquals(whole.latents()[l], usual.latents()[l], flows[0].coupling() == Coupling.MIX_D ? 1e-3 : 0.0, "h" + l);
      }
      assertEquals(1, pair.runs);
    }
  }

  private static void assertSame(Generation expected, Generation found) {
    assertArrayEquals(expected.tokens(), found.tokens());
    assertArrayEquals(expected.latents(), found.latents());
    assertArrayEquals(expected.levels(), found.levels());
  }

  /** AUTO uses the graph until it is time to try blocks. */
  @Test
  void autoTriesBlocksAllTheSame() {
    Pair pair = new Pair(1, BOTH_WAYS);
    for (int text = 0; text < 40; text++) {
      pair.graph.generate(new int[0], OPTIONS.withMaxNewTokens(16).withShowFlows(false), null);
    }
    assertTrue(pair.runs >= 15, pair.runs + " of 40 texts by the graph");
    assertTrue(pair.runs < 40, "no trial in 40 texts");
    assertFalse(pair.graph.positionsPerPass().get(2).isNaN());
  }

  /** Two generators of one model. The second has a graph. */
  private static final class Pair {
    private final StackWeights weights;
    private final FlowGenerator kernels;
    private final FlowGenerator graph;
    private int runs;

    Pair(int patch, FlowSpec... flows) {
      TarFlowConfig config = RandomModel.config(Text8Alphabet.SIZE, 16, 2, 8, 2, patch, patch > 1, flows);
      Map<String, float[]> values = RandomModel.parameters(config, 21);
      Map<String, INDArray> arrays = new LinkedHashMap<>();
      ParameterShapes.of(config).forEach((name, shape) -> arrays.put(name, Nd4j.create(values.get(name), shape, 'c')));
      InverseSession fromNothing = new InverseSession(config, arrays, false);
      InverseSession withPrompt = new InverseSession(config, arrays, true);
      weights = StackWeights.of(config, values::get);
      kernels = new FlowGenerator(weights, new Text8Alphabet(), () -> NGramTable.empty(Text8Alphabet.SIZE));
      graph = new FlowGenerator(weights, new Text8Alphabet(), () -> NGramTable.empty(Text8Alphabet.SIZE)).through((sampling, u, prompt) -> {
        runs++;
        return (prompt[0].length == 0 ? fromNothing : withPrompt).inverse(sampling, u, prompt);
      });
    }

    void check(int[] prompt, GenerationOptions options) {
      int before = runs;
      List<Generation> expected = kernels.generate(prompt, options.withDecoding(Decoding.SEQUENTIAL), null);
      List<Generation> found = graph.generate(prompt, options.withDecoding(Decoding.SEQUENTIAL), null);
      assertTrue(runs > before, "the graph was not asked");
      for (int b = 0; b < expected.size(); b++) {
        assertSame(expected.get(b), found.get(b));
        assertEquals(expected.get(b).text(), found.get(b).text());
        assertEquals(expected.get(b).exact(), found.get(b).exact());
        assertEquals(expected.get(b).accepted(), found.get(b).accepted());
      }
    }
  }
}
