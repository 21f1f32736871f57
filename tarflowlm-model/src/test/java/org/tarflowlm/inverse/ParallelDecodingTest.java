package org.tarflowlm.inverse;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.data.tokenize.Text8Alphabet;

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
    ParallelFlows flows = new ParallelFlows(weights, () -> new int[] {1, 2, 3, 1, 2});
    for (Decoding decoding : new Decoding[] {Decoding.PARALLEL, Decoding.AUTO, Decoding.PARALLEL}) {
      SpanSampler sampler = new SpanSampler(weights, TokenFilter.NONE, 1.0, 1, config.positions(), 0, config.positions(), flows, decoding);
      double[][] z = {new double[u[0].length]};
      sampler.draw(z, new Random[] {new Fixed(u[0])}, 0, null);
      assertArrayEquals(expected[0], z[0], name + " " + decoding);
    }
    flows.paces().forEach(pace -> assertTrue(pace.shareByBlocks() > 0, "blocks were used"));
  }

  /** A sampler draws its noise from this. */
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
    FlowGenerator generator = new FlowGenerator(StackWeights.of(config, RandomModel.parameters(config, 2)::get), new Text8Alphabet());
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
    ParallelDecoding parallel = new ParallelFlows(weights, () -> new int[0]).of(0, Decoding.PARALLEL, TokenFilter.NONE, new Workspace());
    FlowTransform flow = new FlowTransform(weights.flows().get(0), 2, 1, 40, TokenFilter.NONE, new Workspace(), parallel);
    for (int last = 0; last < 40; last++) {
      int[] heard = new int[1];
      int end = last;
      flow.inverse(StackTransformTest.noise(config, 1, 3), new double[1][80], 1, 0, 40, (z, time) -> {
        assertEquals(heard[0]++, time);
        return time < end;
      });
      assertEquals(last + 1, heard[0]);
    }
  }

  @Test
  void thePaceChoosesTheFasterWayAndTriesTheOtherEverMoreRarely() {
    DecodingPace pace = new DecodingPace();
    int tries = 0;
    for (int i = 1; i <= 100; i++) {
      boolean blocks = pace.byBlocks(Decoding.AUTO);
      assertTrue(!blocks || i >= 16, "a short text goes by steps");
      tries += blocks ? 1 : 0;
      pace.measured(blocks, blocks ? 2000 : 1000, 10, blocks ? 5 : 0);
    }
    assertEquals(3, tries, "at 16, 32 and 64");
    for (int i = 0; i < 20; i++) {
      pace.measured(true, 100, 10, 4);
    }
    assertTrue(pace.byBlocks(Decoding.AUTO));
    assertFalse(pace.byBlocks(Decoding.SEQUENTIAL));
    assertTrue(pace.byBlocks(Decoding.PARALLEL));
  }

  @Test
  void positionsAPassAreCountedFlowByFlow() {
    TarFlowConfig config = RandomModel.config(Text8Alphabet.SIZE, 40, 2, 8, 2, 1, false,
        FlowSpec.mix1(1, 2, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT));
    StackWeights weights = StackWeights.of(config, RandomModel.parameters(config, 2)::get);
    GenerationOptions options = GenerationOptions.defaults().withMaxNewTokens(40);
    FlowGenerator generator = new FlowGenerator(weights, new Text8Alphabet(), () -> new int[0], 4);
    generator.generate(new int[0], options.withDecoding(Decoding.SEQUENTIAL), null);
    generator.positionsPerPass().forEach(each -> assertEquals(Double.NaN, each, "no pass yet"));
    generator.generate(new int[0], options.withDecoding(Decoding.PARALLEL), null);
    assertEquals(2, generator.positionsPerPass().size());
    generator.positionsPerPass().forEach(each -> assertTrue(each >= 1 && each <= 4, "settled " + each + " of a block of 4"));

    FlowGenerator single = new FlowGenerator(weights, new Text8Alphabet(), () -> new int[0], 1);
    single.generate(new int[0], options.withDecoding(Decoding.PARALLEL), null);
    single.positionsPerPass().forEach(each -> assertEquals(1.0, each));
    assertEquals("block is 33; expected 1 to 32", assertThrows(IllegalArgumentException.class,
        () -> new FlowGenerator(weights, new Text8Alphabet(), () -> new int[0], 33)).getMessage());
  }

  @Test
  void theTableInterpolatesFromShortToLongContexts() {
    NGramTable table = new NGramTable(3);
    double[] p = new double[3];
    table.probabilities(new int[0], 0, p);
    assertArrayEquals(new double[] {1 / 3.0, 1 / 3.0, 1 / 3.0}, p, 1e-12);
    table.learn(new int[] {0, 1, 0, 1, 0}, 0, 5);
    double[] unigram = {(3 + 2 / 3.0) / 7, (2 + 2 / 3.0) / 7, 2 / 3.0 / 7};
    table.probabilities(new int[0], 0, p);
    assertArrayEquals(unigram, p, 1e-12);
    // after a 1 came only 0, twice; longer contexts were not seen
    table.probabilities(new int[] {1}, 1, p);
    assertArrayEquals(new double[] {(2 + unigram[0]) / 3, unigram[1] / 3, unigram[2] / 3}, p, 1e-12);
    assertEquals(1.0, Arrays.stream(p).sum(), 1e-12);
  }
}
