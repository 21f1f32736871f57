package org.tarflowlm.generate.parallel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.flow.CachedTransformer;
import org.tarflowlm.flow.FlowOrder;
import org.tarflowlm.flow.FlowPass;
import org.tarflowlm.flow.FlowTransform;
import org.tarflowlm.flow.LatentDecoder;
import org.tarflowlm.flow.RandomModel;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.flow.StackTransform;
import org.tarflowlm.flow.StackTransformTest;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.flow.TokenFilter;
import org.tarflowlm.generate.FlowGenerator;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.generate.SpanSampler;
import org.tarflowlm.kernel.Parallel;

class ParallelDecodingTest {

  static List<Arguments> models() {
    return StackTransformTest.models();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void blocksGiveWhatStepsGiveToTheLastBit(String name, TarFlowConfig config) {
    StackWeights weights = StackWeights.of(config, RandomModel.parameters(config, 5)::get);
    double[][] u = StackTransformTest.noise(config, 1, 7);
    double[][] expected = new StackTransform(weights).inverse(u).latents().h()[0];
    ParallelFlows flows = new ParallelFlows(weights, () -> NGramTable.of(new int[] {1, 2, 3, 1, 2}, config.vocabSize()), 0, 0.0);
    for (Decoding decoding : new Decoding[] {Decoding.PARALLEL, Decoding.AUTO, Decoding.PARALLEL}) {
      SpanSampler sampler = new SpanSampler(weights, TokenFilter.NONE, 1.0, 1, config.positions(), 0, config.positions(), flows, decoding);
      double[][] z = {new double[u[0].length]};
      sampler.draw(z, new Random[] {new Fixed(u[0])}, 0, null);
      assertArrayEquals(expected[0], z[0], name + " " + decoding);
    }
    flows.speeds().forEach(speed -> assertTrue(speed.positionsPerPass() > 0, "blocks were used"));
  }

  /** With the usual tolerance the tokens are those of the single steps. Latents differ slightly, which flows of random weights amplify. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void blocksGiveTheSameTokensWithinTheTolerance(String name, TarFlowConfig config) {
    StackWeights weights = StackWeights.of(config, RandomModel.parameters(config, 5)::get);
    LatentDecoder decoder = new LatentDecoder(weights.codebook());
    ParallelFlows flows = new ParallelFlows(weights, () -> NGramTable.empty(config.vocabSize()), 0, ParallelFlows.TOLERANCE);
    for (int seed = 0; seed < 5; seed++) {
      double[][] u = StackTransformTest.noise(config, 1, seed);
      double[] expected = new StackTransform(weights).inverse(u).latents().z()[0];
      SpanSampler sampler = new SpanSampler(weights, TokenFilter.NONE, 1.0, 1, config.positions(), 0, config.positions(), flows,
          Decoding.PARALLEL);
      double[][] z = {new double[u[0].length]};
      sampler.draw(z, new Random[] {new Fixed(u[0])}, 0, null);
      assertArrayEquals(expected, z[0], 1e-3, name + " " + seed);
      assertArrayEquals(decoder.decode(expected), decoder.decode(z[0]));
    }
  }

  private static final double[] SAFE = {1, 1, 1, 1, 1, 1, 1, 1};

  /** Takes guesses from the test. */
  private record GivenDraft(double[] guesses, double confidence) implements Draft {
    @Override
    public void begin(double[] z, int known, FlowOrder order) {
      // nothing to learn
    }

    @Override
    public void prepare() {
      // nothing is needed
    }

    @Override
    public double guess(double[] u, double[] z, int i) {
      z[i] = guesses[i];
      return confidence;
    }

    @Override
    public boolean rejects(double[] z, int i) {
      return Math.round(z[i]) != Math.round(guesses[i]);
    }

    @Override
    public void end() {
      // nothing to learn
    }
  }

  private static ParallelDecoding decoding(double[] guesses, double confidence, int window, int least) {
    ParallelDecoding parallel = new ParallelDecoding(new GivenDraft(guesses, confidence), new DecodingSpeed(), Decoding.PARALLEL,
        () -> new ParallelDecoding.Blocks(window, least, 0.25), 1);
    parallel.begin(new double[guesses.length], 0, new FlowOrder(true, guesses.length), true);
    assertTrue(parallel.byBlocks());
    return parallel;
  }

  @Test
  void aPositionIsFinalIfWhatItReadIsCloseToWhatWasFound() {
    double[] guesses = {1, 2, 3, 4, 5, 6, 7, 8};
    double[] z = new double[8];
    ParallelDecoding parallel = decoding(guesses, 1.0, 6, 6);
    assertEquals(6, parallel.block(null, z, 0, 8));
    assertArrayEquals(new double[] {1, 2, 3, 4, 5, 6, 0, 0}, z, "guesses stand in z");
    // 0 is final, and 1 too, since the guess of 0 was close; 2, near another token, is not, since the guess of 0 was not exact
    assertEquals(2, parallel.accept(new double[] {1.1, 2.0, 3.0, 4.0, 5.0, 6.0, 0, 0}, new double[] {0, 1e-3, 1e-5, 1, 1, 1}, z, 0, 6));
    assertEquals(1.1, z[0]);
    assertEquals(6, parallel.block(null, z, 2, 8));
    // 2 and 3 are final; 3 turns out too far from its guess for what was computed from it
    assertEquals(4, parallel.accept(new double[] {0, 0, 3.0, 4.4, 5.0, 6.0, 7.0, 8.0}, SAFE, z, 2, 6));
    assertEquals(4, parallel.block(null, z, 4, 8));
    // 4 is another token: later positions were computed from the wrong one and stay as guessed
    assertEquals(5, parallel.accept(new double[] {0, 0, 0, 0, 9.0, 6.1, 7.1, 8.1}, SAFE, z, 4, 4));
    assertEquals(9.0, z[4]);
    assertEquals(6.0, z[5]);
    assertEquals(3, parallel.block(null, z, 5, 8));
    assertEquals(8, parallel.accept(new double[] {0, 0, 0, 0, 0, 6.0, 7.0, 8.0}, SAFE, z, 5, 3));
  }

  @Test
  void aCloseCallIsDecidedOnlyWhenAllBeforeItIsExact() {
    double[] guesses = {1, 2, 3, 4, 5, 6, 7, 8};
    double[] z = new double[8];
    double[] closeAtThree = {1, 1, 1, 1e-6};
    ParallelDecoding parallel = decoding(guesses, 1.0, 4, 4);
    assertEquals(4, parallel.block(null, z, 0, 8));
    assertEquals(4, parallel.accept(new double[] {1, 2, 3, 4, 0, 0, 0, 0}, closeAtThree, z, 0, 4), "all was guessed exactly");
    assertTrue(parallel.isExact());
    parallel = decoding(guesses, 1.0, 4, 4);
    parallel.block(null, z, 0, 8);
    assertEquals(3, parallel.accept(new double[] {1.1, 2, 3, 4, 0, 0, 0, 0}, closeAtThree, z, 0, 4), "1 and 2 were computed from a guess");
    assertFalse(parallel.isExact());
    parallel.block(null, z, 3, 8);
    double[] again = {0, 0, 0, 4.2, 5, 6, 7, 8};
    assertEquals(3, parallel.accept(again, new double[] {1e-6, 1, 1, 1}, z, 3, 4), "the decoder must compute it exactly first");
    assertEquals(4, z[3], "the decoder took nothing");
    parallel.improved();
    assertEquals(7, parallel.accept(again, new double[] {1e-6, 1, 1, 1}, z, 3, 4));
    assertFalse(parallel.isCloseCall(1e-5));
    assertTrue(parallel.isCloseCall(1e-6));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void improvingEndsAtWhatStepsGive(String name, TarFlowConfig config) {
    StackWeights weights = StackWeights.of(config, RandomModel.parameters(config, 5)::get);
    ParallelFlows flows = new ParallelFlows(weights, () -> NGramTable.empty(config.vocabSize()), 0, ParallelFlows.TOLERANCE);
    Random random = new Random(3);
    double[][] u = StackTransformTest.noise(config, 1, 9);
    for (int l = 0; l < weights.flows().size(); l++) {
      Workspace workspace = new Workspace();
      ParallelTransform transform = transform(flows, weights, l, workspace);
      double[][] z = new double[1][u[0].length];
      transform.inverse(u, z, 0, config.positions(), null, null);
      double[] expected = FlowPass.inverse(weights.flows().get(l), Sampling.DEFAULT, config.channels(), u, new double[1][0])[0];
      for (int i = 0; i < z[0].length; i++) {
        z[0][i] += 1e-4 * random.nextGaussian();
      }
      transform.improve(u[0], z[0], 0, config.positions());
      assertArrayEquals(expected, z[0], name + ", flow " + l);
      assertTrue(transform.isExact());
    }
  }

  private static ParallelTransform transform(ParallelFlows flows, StackWeights weights, int l, Workspace workspace) {
    TarFlowConfig config = weights.config();
    FlowTransform flow = flows.transform(l, config.positions(), Decoding.PARALLEL, TokenFilter.NONE, workspace);
    return new ParallelTransform(flow, flows.of(l, Decoding.PARALLEL, TokenFilter.NONE, workspace), config.positions() * config.channels());
  }

  @Test
  void blocksEndWhereGuessesBecomeUnlikely() {
    double[] guesses = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
    assertEquals(16, decoding(guesses, 1.0, 16, 4).block(null, new double[20], 0, 20));
    assertEquals(8, decoding(guesses, 0.9, 16, 4).block(null, new double[20], 0, 20), "0.9^6 is 0.53, then the next multiple of four");
    assertEquals(4, decoding(guesses, 0.1, 16, 4).block(null, new double[20], 0, 20));
    assertEquals(3, decoding(guesses, 0.1, 16, 4).block(null, new double[20], 0, 3));
    assertEquals(6, decoding(guesses, 0.1, 6, 6).block(null, new double[20], 0, 20));
    ParallelDecoding parallel = decoding(guesses, 0.8, 16, 4);
    double[] z = new double[20];
    double[] computed = new double[20];
    System.arraycopy(guesses, 0, computed, 0, 20);
    computed[0] = 1.4;
    assertEquals(4, parallel.block(null, z, 0, 20));
    assertEquals(1, parallel.accept(computed, SAFE, z, 0, 4));
    assertEquals(8, parallel.block(null, z, 1, 20), "what was computed from right tokens is likely");
  }

  @Test
  void partsOfACallGiveWhatTheWholeGives() {
    TarFlowConfig config = RandomModel.config(Text8Alphabet.SIZE, 40, 2, 16, 2, 1, false, FlowSpec.mix1(3, 2, Direction.LEFT_TO_RIGHT));
    CachedTransformer.Weights weights = StackWeights.of(config, RandomModel.parameters(config, 2)::get).flows().get(0).transformer();
    int rows = 12;
    float[] embedded = new float[rows * 16];
    Random random = new Random(1);
    for (int i = 0; i < embedded.length; i++) {
      embedded[i] = (float) random.nextGaussian();
    }
    int[] position = IntStream.range(0, rows).toArray();
    float[] expected = new float[rows * 16];
    new CachedTransformer(weights, 1, rows, 40, 1).run(rows, new int[rows], position, embedded, expected);
    for (int parts : new int[] {2, 3, 4}) {
      CachedTransformer transformer = new CachedTransformer(weights, 1, rows, 40, parts);
      for (int repeat = 0; repeat < 50; repeat++) {
        float[] features = new float[rows * 16];
        transformer.begin();
        Parallel.run(parts, part -> transformer.run(part, rows * part / parts, rows * (part + 1) / parts, new int[rows], position,
            embedded.clone(), null, features));
        assertArrayEquals(expected, features, parts + " parts");
      }
    }
    // a part that fails leaves no other part waiting for it
    CachedTransformer transformer = new CachedTransformer(weights, 1, rows, 40, 2);
    transformer.begin();
    assertThrows(ArrayIndexOutOfBoundsException.class,
        () -> transformer.run(0, 0, 6, new int[] {7}, position, embedded.clone(), null, expected));
    transformer.run(1, 6, 12, new int[rows], position, embedded.clone(), null, expected);
  }

  @Test
  void sensitivityIsThatOfASweepFromNoise() {
    TarFlowConfig config = RandomModel.config(Text8Alphabet.SIZE, 24, 2, 8, 2, 1, false, FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT));
    Map<String, float[]> parameters = RandomModel.parameters(config, 2);
    FlowSensitivity strong = FlowSensitivity.of(StackWeights.of(config, parameters::get).flows().get(0), 2, 24);
    assertTrue(strong.error() > 1e-3 && strong.factor() > 1e-3, strong::toString);
    assertEquals(strong, FlowSensitivity.of(StackWeights.of(config, parameters::get).flows().get(0), 2, 24), "the same again");
    // the flow reads no context, so every position is right at once
    Arrays.fill(parameters.get("flow0.maf.context.weight"), 0f);
    FlowSensitivity none = FlowSensitivity.of(StackWeights.of(config, parameters::get).flows().get(0), 2, 24);
    assertEquals(new FlowSensitivity(0.0, 0.0), none);
  }

  /** A sampler draws its noise from this source. */
  private static final class Fixed extends Random {
    private static final long serialVersionUID = 1L;
    private final transient double[] values;
    private transient int next;

    Fixed(double[] values) {
      this.values = values;
    }

    @Override
    public double nextGaussian() {
      return values[next++];
    }
  }

  @Test
  void generationsAreTheSameHoweverTheyAreDecoded() {
    TarFlowConfig config = RandomModel.config(Text8Alphabet.SIZE, 40, 2, 8, 2, 1, false,
        FlowSpec.tiedMixD(1, Text8Alphabet.SIZE, Direction.LEFT_TO_RIGHT),
        FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT));
    FlowGenerator generator = new FlowGenerator(StackWeights.of(config, RandomModel.parameters(config, 2)::get), new Text8Alphabet(),
        () -> NGramTable.empty(Text8Alphabet.SIZE));
    GenerationOptions options = GenerationOptions.defaults().withMaxNewTokens(70).withTopK(9).withTemperature(0.8);
    for (int seed = 0; seed < 20; seed++) {
      GenerationOptions each = options.withSeed(seed);
      String expected = generator.generate(new int[] {4, 5, 6}, each.withDecoding(Decoding.SEQUENTIAL), null).get(0).text();
      StringBuilder heard = new StringBuilder();
      assertEquals(expected, generator.generate(new int[] {4, 5, 6}, each.withDecoding(Decoding.PARALLEL),
          tokens -> heard.append(new Text8Alphabet().decode(tokens))).get(0).text());
      assertEquals(expected, heard.toString());
      assertEquals(expected, generator.generate(new int[] {4, 5, 6}, each.withDecoding(Decoding.AUTO), null).get(0).text());
    }
  }

  @Test
  void aListenerEndsAParallelPass() {
    TarFlowConfig config = RandomModel.config(Text8Alphabet.SIZE, 40, 2, 8, 2, 1, false,
        FlowSpec.mix1(1, 2, Direction.LEFT_TO_RIGHT));
    StackWeights weights = StackWeights.of(config, RandomModel.parameters(config, 2)::get);
    ParallelFlows flows = new ParallelFlows(weights, () -> NGramTable.empty(Text8Alphabet.SIZE), 0, ParallelFlows.TOLERANCE);
    ParallelTransform flow = transform(flows, weights, 0, new Workspace());
    for (int last = 0; last < 40; last++) {
      int[] heard = new int[1];
      int end = last;
      flow.inverse(StackTransformTest.noise(config, 1, 3), new double[1][80], 0, 40, (z, time) -> {
        assertEquals(heard[0]++, time);
        return time < end;
      }, null);
      assertEquals(last + 1, heard[0]);
    }
  }

  @Test
  void tokensThatNothingGuessesGoBySteps() {
    for (int components : new int[] {256, 257}) {
      TarFlowConfig config = RandomModel.config(components, 40, 2, 8, 2, 1, false,
          FlowSpec.tiedMixD(1, components, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT));
      StackWeights weights = StackWeights.of(config, RandomModel.parameters(config, 2)::get);
      ParallelFlows flows = new ParallelFlows(weights, () -> NGramTable.empty(components), 0, ParallelFlows.TOLERANCE);
      assertEquals(components == 256 ? Decoding.AUTO : Decoding.SEQUENTIAL, flows.resolve(Decoding.AUTO));
      assertEquals(components != 256, flows.goesBySteps(Decoding.AUTO, 640), "more tokens than AUTO takes without a trial");
      assertEquals(Decoding.PARALLEL, flows.resolve(Decoding.PARALLEL));
    }
  }

  @Test
  void positionsAPassAreCountedFlowByFlow() {
    TarFlowConfig config = RandomModel.config(Text8Alphabet.SIZE, 40, 2, 8, 2, 1, false,
        FlowSpec.mix1(1, 2, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT));
    StackWeights weights = StackWeights.of(config, RandomModel.parameters(config, 2)::get);
    GenerationOptions options = GenerationOptions.defaults().withMaxNewTokens(40);
    FlowGenerator generator = new FlowGenerator(weights, new Text8Alphabet(), () -> NGramTable.empty(Text8Alphabet.SIZE), 4);
    generator.generate(new int[0], options.withDecoding(Decoding.SEQUENTIAL), null);
    generator.positionsPerPass().forEach(each -> assertEquals(Double.NaN, each, "no pass yet"));
    generator.generate(new int[0], options.withDecoding(Decoding.PARALLEL), null);
    assertEquals(2, generator.positionsPerPass().size());
    generator.positionsPerPass().forEach(each -> assertTrue(each >= 1 && each <= 4, "accepted " + each + " of a block of 4"));

    FlowGenerator single = new FlowGenerator(weights, new Text8Alphabet(), () -> NGramTable.empty(Text8Alphabet.SIZE), 1);
    single.generate(new int[0], options.withDecoding(Decoding.PARALLEL), null);
    single.positionsPerPass().forEach(each -> assertEquals(1.0, each));
    assertEquals("block is 33; expected 0 to 32", assertThrows(IllegalArgumentException.class,
        () -> new FlowGenerator(weights, new Text8Alphabet(), () -> NGramTable.empty(Text8Alphabet.SIZE), 33)).getMessage());
  }
}
