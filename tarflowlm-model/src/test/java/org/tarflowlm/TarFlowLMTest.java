package org.tarflowlm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointException;
import org.tarflowlm.checkpoint.CheckpointInfo;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.checkpoint.Fixtures;
import org.tarflowlm.checkpoint.safetensors.FloatTensor;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokenize.Gpt2Bpe;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.eval.Likelihood;
import org.tarflowlm.eval.LikelihoodEstimate;
import org.tarflowlm.eval.LikelihoodEstimate.Bound;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.nn.EncoderNoise;
import org.tarflowlm.nn.TarFlowNetwork;

class TarFlowLMTest {
  private static final String TEXT = "call me ishmael some years ago never mind how long precisely";

  @TempDir
  private Path folder;

  private static Checkpoint random(ModelType type, int patch) {
    TarFlowConfig config = new TarFlowConfig(type, 27, 8, 4, 8, 2, patch, null, List.of(
        FlowSpec.tiedMixD(1, 27, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT)), null, null, 8, null);
    if (patch > 1) {
      config = new TarFlowConfig(type, 27, 8, 4, 8, 2, patch, null, List.of(
          FlowSpec.mix1(1, 2, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT)), null, null, 8, null);
    }
    return new Checkpoint(config, CheckpointInfo.of("text8"), Fixtures.randomWeights(config, 4), null);
  }

  private static void assertFails(Class<? extends Exception> type, String expected, Executable action) {
    Exception e = assertThrows(type, action);
    assertTrue(e.getMessage().contains(expected), e::getMessage);
  }

  /** encode, read and generate's prompts share one encoder; scoring draws draw 0 of the noise in the order of the text. */
  @Test
  void aTextAndASeedHaveOneZ() {
    Checkpoint checkpoint = Fixtures.tiny();
    int d = checkpoint.config().latentDim();
    String text = TEXT.substring(0, checkpoint.config().contextLength());
    try (TarFlowLM model = TarFlowLM.of(checkpoint)) {
      double[] z = Arrays.stream(model.encode(text, 7)).flatMapToDouble(Arrays::stream).toArray();
      int[] ids = model.tokenizer().encode(text);

      assertArrayEquals(z, model.read(text, 7).latents()[0]);
      try (INDArray noise = EncoderNoise.part(7, 0, 0, DataType.FLOAT, 1, ids.length, d);
          INDArray latents = TarFlowNetwork.layer(CheckpointNetworks.network(checkpoint))
              .latents(0, Nd4j.createFromArray(new int[][] {ids}), noise)) {
        assertArrayEquals(z, latents.reshape(-1).toDoubleVector(), 1e-5);
      }
    }
  }

  @Test
  void scoresAreThoseOfTheNetwork() {
    Checkpoint checkpoint = Fixtures.tiny();
    try (TarFlowLM model = TarFlowLM.of(checkpoint)) {
      Score score = model.score(TEXT, ScoringOptions.defaults().withSeed(3));
      LikelihoodEstimate expected = new Likelihood(TarFlowNetwork.layer(CheckpointNetworks.network(checkpoint)), 3)
          .of(model.tokenizer().encode(TEXT));

      assertEquals("tiny", score.model());
      assertEquals(Bound.ELBO, score.bound());
      assertEquals(TEXT.length(), score.characters());
      assertEquals(expected.nats(), score.nats());
      assertEquals(expected.nats() / Math.log(2) / TEXT.length(), score.bitsPerCharacter(), 1e-12);
      assertEquals(expected.standardErrorBits(), score.standardError(), 1e-12);
      assertEquals(Math.pow(2, score.bitsPerCharacter()), score.perplexity(), 1e-9 * score.perplexity());
      assertNotEquals(score.nats(), model.score(TEXT, ScoringOptions.defaults().withSeed(4)).nats(), "another seed, other noise");
      assertEquals(model.score("call me ishm").nats(), model.score(TEXT, ScoringOptions.defaults().withMaxCharacters(12)).nats());
      assertTrue(Double.isNaN(model.score("whale").standardError()), "a single window has no standard error");
    }
  }

  @Test
  void eightThreadsGetTheFiguresThatOneGets() throws Exception {
    try (TarFlowLM model = TarFlowLM.of(Fixtures.tiny())) {
      List<String> texts = IntStream.range(0, 8).mapToObj(i -> TEXT.substring(3 * i)).toList();
      List<Score> expected = texts.stream().map(model::score).toList();
      List<String> generated = IntStream.range(0, 8).mapToObj(i -> generate(model, i)).toList();

      ExecutorService threads = Executors.newFixedThreadPool(8);
      try {
        List<Future<Score>> scores = new ArrayList<>();
        List<Future<String>> generations = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
          int which = i % 8;
          scores.add(threads.submit(() -> model.score(texts.get(which))));
          generations.add(threads.submit(() -> generate(model, which)));
        }
        for (int i = 0; i < scores.size(); i++) {
          assertEquals(expected.get(i % 8), scores.get(i).get());
          assertEquals(generated.get(i % 8), generations.get(i).get());
        }
      } finally {
        threads.shutdownNow();
      }
    }
  }

  private static String generate(TarFlowLM model, int seed) {
    return model.generate("the ", GenerationOptions.defaults().withMaxNewTokens(12).withSeed(seed)).get(0).text();
  }

  @Test
  void generationFollowsItsOptionsAndTheCheckpointsDefaults() {
    try (TarFlowLM model = TarFlowLM.of(Fixtures.tiny())) {
      assertEquals(GenerationOptions.defaults().withMaxNewTokens(20).withTemperature(0.9).withSeed(5), model.generationOptions());
      Generation once = model.generate("whale");
      assertEquals(20, once.text().length());
      assertEquals(once.text(), model.generate("whale").text());
      List<Generation> three = model.generate("", model.generationOptions().withBatchSize(3).withShowFlows(true));
      assertEquals(3, three.size());
      assertEquals(model.config().flows().size() + 1, three.get(2).levels().length);
      List<Integer> heard = new ArrayList<>();
      model.generate("whale", model.generationOptions(), tokens -> IntStream.of(tokens).forEach(heard::add));
      assertArrayEquals(once.tokens(), heard.stream().mapToInt(Integer::intValue).toArray());
    }
  }

  @Test
  void discreteModelsScoreExactlyAndHaveNoLatents() {
    try (TarFlowLM model = TarFlowLM.of(random(ModelType.AUTOREGRESSIVE, 1))) {
      assertEquals(Bound.EXACT, model.score(TEXT).bound());
      assertEquals(model.score(TEXT).nats(), model.score(TEXT, ScoringOptions.defaults().withSeed(99)).nats());
      assertEquals(model.generationOptions().maxNewTokens(), model.generate("").text().length());
      assertFails(IllegalStateException.class, "the model unnamed is AUTOREGRESSIVE, which has no latents", () -> model.encode("a", 1));
    }
  }

  @Test
  void textThatDoesNotFillAPatchIsNotCounted() {
    try (TarFlowLM model = TarFlowLM.of(random(ModelType.TARFLOW, 4))) {
      assertEquals(12, model.score("call me ishma").characters());
      assertEquals(model.score("call me ishm").nats(), model.score("call me ishma").nats());
      assertFails(RuntimeException.class, "the text has 3 tokens; expected at least 4 tokens", () -> model.score("the"));
    }
  }

  @Test
  void latentsDecodeToTheTextTheyEncode() {
    TarFlowConfig config = Fixtures.tinyConfig();
    Map<String, FloatTensor> weights = Fixtures.randomWeights(config, 4);
    Arrays.fill(weights.get("codebook.logSigma").values(), -6);
    try (TarFlowLM model = TarFlowLM.of(new Checkpoint(config, CheckpointInfo.of("text8"), weights, null))) {
      double[][] z = model.encode(TEXT, 1);
      assertEquals(TEXT.length(), z.length);
      assertEquals(TEXT, model.decode(z));
      assertArrayEquals(z[5], model.encode(TEXT, 1)[5]);
      assertNotEquals(z[5][0], model.encode(TEXT, 2)[5][0]);
      assertEquals("", model.decode(model.encode("", 1)));
      z[3][1] = Double.NaN;
      assertFails(IllegalArgumentException.class, "z[3][1] is NaN; expected a finite number", () -> model.decode(z));
      assertFails(IllegalArgumentException.class, "z[0] has 2 numbers; expected 3", () -> model.decode(new double[1][2]));
    }
  }

  @Test
  void textsThatCannotBeScoredAreNamed() {
    try (TarFlowLM model = TarFlowLM.of(Fixtures.tiny())) {
      assertFails(RuntimeException.class, "the text is empty; expected at least 1 token", () -> model.score(""));
      assertFails(RuntimeException.class, "character 'I' (U+0049) at offset 8 is outside the text8 alphabet",
          () -> model.score("call me Ishmael"));
      assertFails(RuntimeException.class, "character '!' (U+0021) at offset 0", () -> model.generate("!"));
      assertFails(IllegalArgumentException.class, "the tokens' vocabulary has 256 tokens; expected 27",
          () -> model.score(new TokenArray(new int[] {200}, 256), ScoringOptions.defaults()));
    }
  }

  @Test
  void savedModelsSayTheSame() throws Exception {
    Path saved = folder.resolve("saved");
    double nats;
    try (TarFlowLM model = TarFlowLM.of(Fixtures.tiny())) {
      nats = model.score(TEXT).nats();
      model.save(saved);
      assertFails(CheckpointException.class, "exists; expected a new folder", () -> model.save(saved));
    }
    try (TarFlowLM model = TarFlowLM.load(saved); TarFlowLM same = TarFlowLM.resolve(saved.toString())) {
      assertEquals(nats, model.score(TEXT).nats());
      assertEquals(saved.toString(), model.name());
      assertEquals(model.checkpoint().tensors(), same.checkpoint().tensors());
    }
    assertFails(CheckpointException.class, "does not exist", () -> TarFlowLM.load(folder.resolve("nothing")));
    assertFails(CheckpointException.class, "neither a checkpoint of the zoo nor a folder", () -> TarFlowLM.resolve("nothing"));
    assertTrue(Files.exists(saved.resolve("model.safetensors")));
  }

  @Test
  void closedModelsSaySo() {
    TarFlowLM model = TarFlowLM.of(Fixtures.tiny());
    model.score(TEXT);
    model.generate("a");
    model.close();
    model.close();
    for (Executable use : List.<Executable>of(() -> model.score(TEXT), () -> model.generate("a"), () -> model.encode("a", 1),
        () -> model.decode(new double[0][]), () -> model.save(folder.resolve("late")), model::checkpoint)) {
      assertFails(IllegalStateException.class, "the model tiny is closed", use);
    }
    assertEquals("text8", model.tokenizer().name());
  }

  @Test
  void charactersAreCountedNotTokensOrBytes() {
    String text = "na\u00efve \u65e5\u672c\ud83d\ude42 whales";
    TokenArray tokens = TokenArray.of(text, new Gpt2Bpe());
    int characters = text.codePointCount(0, text.length());
    assertEquals(characters, Scorer.characters(tokens, tokens.length(), new Gpt2Bpe()));
    assertEquals(tokens.length(), Scorer.tokensWithin(tokens, characters, new Gpt2Bpe()));
    assertEquals(tokens.length() - 1, Scorer.tokensWithin(tokens, characters - 1, new Gpt2Bpe()));
    assertEquals(0, Scorer.tokensWithin(tokens, 1, new Gpt2Bpe()));
  }
}
