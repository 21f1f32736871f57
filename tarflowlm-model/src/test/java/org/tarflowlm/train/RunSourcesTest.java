package org.tarflowlm.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

/** A run knows its sources and belongs to one writer. An interruption leaves no trace in its log. */
class RunSourcesTest {
  private static final String TEXT = "the cat went down to the old river and saw a small boat there ".repeat(10);

  @TempDir private Path folder;

  private static RunConfig run(double rate) {
    TarFlowConfig model = new TarFlowConfig(ModelType.TARFLOW, 27, 16, 3, 8, 2, 1, null,
        List.of(FlowSpec.tiedMixD(1, 27, Direction.LEFT_TO_RIGHT)), null, null, 16, null);
    OptimizerSpec optimizer = OptimizerSpec.defaults().withLearningRate(rate).withWarmupSteps(5);
    return new RunConfig("text8", model, TrainingSpec.of(12).withBatchSize(2).withSeed(9L).withValidation(12, 2).withCheckpointEvery(5)
        .withLogEvery(6).withOptimizer(optimizer));
  }

  private static TokenSequence text(String text) {
    return TokenArray.of(text, new Text8Alphabet());
  }

  private Trainer resume(double rate, String train, String valid, Changes changes) throws IOException {
    return Trainer.resume(run(rate), text(train), text(valid), folder.resolve("run"), changes);
  }

  private void assertRefused(double rate, String train, String valid, String words) throws IOException {
    String message = assertThrows(ConfigException.class, () -> resume(rate, train, valid, Changes.REFUSE)).getMessage();
    assertTrue(message.contains(words) && message.contains("--allow-changes"), message);
  }

  @Test
  void aRunThatIsResumedOtherwiseStopsUnlessTold() throws IOException {
    Path out = folder.resolve("run");
    int[] asked = {0};
    Trainer.start(run(0.01), text(TEXT), text(TEXT), out).run(() -> asked[0]++ == 3);
    String other = TEXT.replace("cat", "dog");
    assertRefused(0.01, other, TEXT, "the training text has changed");
    assertRefused(0.01, TEXT, other, "the validation text has changed");
    assertRefused(0.02, TEXT, TEXT, "the configuration differs");
    Path sources = out.resolve("sources.json");
    String recorded = Files.readString(sources);
    String code = RecordJson.read(sources, RunSources.class).code();
    assertEquals(16, code.length());
    Files.writeString(sources, recorded.replace(code, "0123456789abcdef"));
    assertRefused(0.01, TEXT, TEXT, "the program has changed (code " + code + "; 0123456789abcdef then)");
    resume(0.02, other, TEXT, Changes.ALLOW);
    resume(0.02, other, TEXT, Changes.REFUSE);
    Files.delete(sources);
    resume(0.02, TEXT, TEXT, Changes.REFUSE); // a run of an older version does not say
  }

  @Test
  void aRunHasOneWriter() throws IOException {
    Path out = folder.resolve("run");
    Trainer first = Trainer.start(run(0.01), text(TEXT), text(TEXT), out);
    Trainer second = resume(0.01, TEXT, TEXT, Changes.REFUSE);
    int[] asked = {0};
    first.run(() -> {
      String message = assertThrows(ConfigException.class, () -> second.run(() -> true)).getMessage();
      assertTrue(message.contains("another process is writing the run"), message);
      return asked[0]++ == 4;
    });
    String message = assertThrows(ConfigException.class, () -> second.run(() -> false)).getMessage();
    assertTrue(message.contains("is at step 4 by now; expected step 0"), message);
  }

  private static List<JsonNode> lines(Path out) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(out.resolve("progress.jsonl"))) {
      lines.add(new ObjectMapper().readTree(line));
    }
    return lines;
  }

  @Test
  void theLogOfAResumedRunIsThatOfAnUndisturbedOne() throws IOException {
    Trainer.start(run(0.01), text(TEXT), text(TEXT), folder.resolve("whole")).run(() -> false);
    int[] asked = {0};
    Trainer.start(run(0.01), text(TEXT), text(TEXT), folder.resolve("run")).run(() -> asked[0]++ == 8);
    resume(0.01, TEXT, TEXT, Changes.REFUSE).run(() -> false);
    List<JsonNode> whole = lines(folder.resolve("whole"));
    List<JsonNode> parts = lines(folder.resolve("run"));
    assertEquals(2, whole.size());
    assertEquals(2, parts.size());
    for (int i = 0; i < 2; i++) {
      assertEquals(whole.get(i).get("trainBits"), parts.get(i).get("trainBits"));
      assertEquals(whole.get(i).get("validBits"), parts.get(i).get("validBits"));
      assertTrue(parts.get(i).get("tokensPerSecond").asDouble() > 0);
    }
  }

  @Test
  void aRunThatWasKilledBeforeItsFirstStateLogsNoStepTwice() throws IOException {
    Path out = folder.resolve("run");
    Trainer.start(run(0.01), text(TEXT), text(TEXT), out);
    Files.writeString(out.resolve("progress.jsonl"), "{\"step\":6,\"trainBits\":4.5}\n{\"step\":1");
    resume(0.01, TEXT, TEXT, Changes.REFUSE).run(() -> false);
    assertEquals(List.of(6, 12), lines(out).stream().map(line -> line.get("step").asInt()).toList());
  }
}
