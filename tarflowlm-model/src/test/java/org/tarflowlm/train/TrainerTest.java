package org.tarflowlm.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.RecordJson;
import org.tarflowlm.nn.OptimizerSpec;

class TrainerTest {
  private static final String TEXT = "call me ishmael some years ago never mind how long precisely having little or no money in my purse "
      + "and nothing particular to interest me on shore i thought i would sail about a little and see the watery part of the world ";

  @TempDir
  private Path folder;

  private static RunConfig run(int steps) {
    TarFlowConfig model = new TarFlowConfig(ModelType.TARFLOW, 27, 16, 3, 16, 2, 1, null,
        List.of(FlowSpec.tiedMixD(1, 27, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT)), null, null, 16, null);
    return new RunConfig("text8", model, TrainingSpec.of(steps).withBatchSize(4).withSeed(9L).withValidation(10, 4)
        .withCheckpointEvery(10).withLogEvery(5).withOptimizer(OptimizerSpec.defaults().withLearningRate(1e-2).withWarmupSteps(5)));
  }

  private static TokenSequence text() {
    return TokenArray.of(TEXT, new Text8Alphabet());
  }

  @Test
  void anInterruptedAndResumedRunEndsWithTheSameNumbers() throws IOException {
    Trainer whole = Trainer.start(run(30), text(), text(), folder.resolve("whole"));
    TrainingSummary expected = whole.run(() -> false);

    AtomicInteger asked = new AtomicInteger();
    Trainer first = Trainer.start(run(30), text(), text(), folder.resolve("parts"));
    assertEquals(13, first.run(() -> asked.incrementAndGet() > 13).step());
    Trainer second = Trainer.resume(run(30), text(), text(), folder.resolve("parts"), Changes.REFUSE);
    TrainingSummary found = second.run(() -> false);

    assertEquals(whole.network().params(), second.network().params());
    assertEquals(expected.bestBits(), found.bestBits());
    assertTrue(found.finished());
    assertTrue(expected.bestBits() < 4.4, "bits per character " + expected.bestBits());
  }

  @Test
  void aFolderInUseIsNotOverwritten() throws IOException {
    Files.writeString(folder.resolve("precious.txt"), "mine");
    ConfigException e = assertThrows(ConfigException.class, () -> Trainer.start(run(1), text(), text(), folder));
    assertTrue(e.getMessage().contains("exists"), e.getMessage());
    assertEquals("mine", Files.readString(folder.resolve("precious.txt")));
  }

  @Test
  void aRunResumesOnlyWithItsOwnConfiguration() throws IOException {
    Trainer.start(run(10), text(), text(), folder.resolve("run"));
    assertThrows(ConfigException.class, () -> Trainer.resume(run(11), text(), text(), folder.resolve("run"), Changes.REFUSE));
    assertThrows(ConfigException.class, () -> Trainer.resume(run(10), text(), text(), folder.resolve("nothing"), Changes.REFUSE));
  }

  @Test
  void messagesNameTheKeyByItsPath() {
    String model = run(1).model().toJson();
    assertRefused("model is missing; expected an object", "{\"training\": {\"steps\": 1}}");
    assertRefused("training is missing; expected an object", "{\"model\": " + model + "}");
    assertRefused("training.steps is missing; expected the number of updates", "{\"model\": " + model + ", \"training\": {}}");
    assertRefused("training.batchSize is 0; expected at least 1",
        "{\"model\": " + model + ", \"training\": {\"steps\": 1, \"batchSize\": 0}}");
    assertRefused("training.optimizer.beta1 is 2.0; expected a number between 0.0 and 1.0",
        "{\"model\": " + model + ", \"training\": {\"steps\": 1, \"optimizer\": {\"beta1\": 2}}}");
    assertRefused("model.vocabSize is 27; expected 256, the tokens of the tokenizer bytes",
        "{\"tokenizer\": \"bytes\", \"model\": " + model + ", \"training\": {\"steps\": 1}}");
    assertRefused("tokenizer \"latin\" is not known; expected one of text8, bytes, gpt2",
        "{\"tokenizer\": \"latin\", \"model\": " + model + ", \"training\": {\"steps\": 1}}");
  }

  private static void assertRefused(String expected, String json) {
    ConfigException e = assertThrows(ConfigException.class, () -> RecordJson.read(json, RunConfig.class));
    assertTrue(e.getMessage().startsWith(expected), e::getMessage);
  }
}
