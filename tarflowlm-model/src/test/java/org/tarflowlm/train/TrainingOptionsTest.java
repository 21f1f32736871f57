package org.tarflowlm.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.safetensors.FloatTensor;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.RecordJson;
import org.tarflowlm.nn.TarFlowNetwork;

/** A run interrupted and resumed shows each option beyond the essentials. */
class TrainingOptionsTest {
  private static final String TEXT = "call me ishmael some years ago never mind how long precisely having little or no money in my purse "
      + "and nothing particular to interest me on shore i thought i would sail about a little and see the watery part of the world ";
  private static final String MODEL = new TarFlowConfig(ModelType.TARFLOW, 27, 16, 3, 16, 2, 1, null,
      List.of(FlowSpec.tiedMixD(1, 27, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT)), null, null, 16, null)
      .toJson();

  @TempDir
  private Path folder;

  /** @param training keys and values of the object {@code training} besides its essentials */
  private static RunConfig run(String training) {
    return RecordJson.read("{\"model\": " + MODEL + ", \"training\": {\"batchSize\": 3, \"seed\": 9, \"validationWindows\": 4, "
        + "\"checkpointEvery\": 5, \"logEvery\": 4, " + training + "}}", RunConfig.class);
  }

  private static TokenSequence text() {
    return TokenArray.of(TEXT, new Text8Alphabet());
  }

  private Trainer start(RunConfig config, String name) throws IOException {
    return Trainer.start(config, text(), text(), folder.resolve(name));
  }

  private List<JsonNode> log(String name) throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<JsonNode> lines = new java.util.ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve(name).resolve("progress.jsonl"))) {
      lines.add(json.readTree(line));
    }
    return lines;
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "\"steps\": 12, \"validateEvery\": 4, \"accumulate\": 2",
      "\"steps\": 12, \"validateEvery\": 4, \"emaDecay\": 0.9",
      "\"steps\": 12, \"validateEvery\": 4, \"optimizer\": {\"learningRate\": 0.01, \"warmupSteps\": 0, "
          + "\"skipNorm\": 1.2, \"skipAfter\": 4}",
      "\"steps\": 12, \"validateEvery\": 4, \"frozen\": [\"codebook\", \"flow1.block0\"]",
      "\"steps\": 60, \"validateEvery\": 2, \"patience\": 2, \"optimizer\": {\"learningRate\": 0.3, \"warmupSteps\": 0}"})
  void anInterruptedAndResumedRunEndsWithTheSameNumbers(String training) throws IOException {
    RunConfig config = run(training);
    Trainer whole = start(config, "whole");
    TrainingSummary expected = whole.run(() -> false);
    assertTrue(expected.finished());
    AtomicInteger asked = new AtomicInteger();
    assertEquals(3, start(config, "parts").run(() -> asked.incrementAndGet() > 3).step());
    Trainer resumed = Trainer.resume(config, text(), text(), folder.resolve("parts"), Changes.REFUSE);
    TrainingSummary found = resumed.run(() -> false);
    assertEquals(expected.step(), found.step());
    assertEquals(expected.bestBits(), found.bestBits());
    assertEquals(whole.network().params(), resumed.network().params());
    assertEquals(TarFlowNetwork.updaterState(whole.network()), TarFlowNetwork.updaterState(resumed.network()));
    var best = Checkpoint.load(folder.resolve("parts/best")).tensors();
    Checkpoint.load(folder.resolve("whole/best")).tensors()
        .forEach((name, tensor) -> assertArrayEquals(tensor.values(), best.get(name).values(), name));
  }

  @Test
  void theAverageIsValidatedAndKeptIfItIsBetter() throws IOException {
    // at this rate weights jump about, and their average is better
    RunConfig config = run("\"steps\": 40, \"validateEvery\": 10, \"emaDecay\": 0.9, \"optimizer\": {\"learningRate\": 0.05, "
        + "\"warmupSteps\": 0, \"finalFraction\": 1}");
    Trainer trainer = start(config, "run");
    double bestBits = trainer.run(() -> false).bestBits();
    List<JsonNode> validated = log("run").stream().filter(line -> line.has("validBits")).toList();
    assertEquals(4, validated.size());
    double least = validated.stream()
        .mapToDouble(line -> Math.min(line.get("validBits").asDouble(), line.get("averageBits").asDouble())).min().orElseThrow();
    assertEquals(least, bestBits);
    JsonNode last = validated.get(3);
    assertTrue(last.get("averageBits").asDouble() < last.get("validBits").asDouble(), last.toString());
    Checkpoint best = Checkpoint.load(folder.resolve("run/best"));
    assertEquals("exponential moving average, decay 0.9", best.info().training().get("weights"));
    assertNotEquals(trainer.network().params(), flat(best, trainer));
  }

  private static INDArray flat(Checkpoint checkpoint, Trainer trainer) {
    INDArray copy = trainer.network().params().dup();
    TarFlowNetwork.parameters(trainer.network()).forEach((name, view) -> {
      FloatTensor tensor = checkpoint.tensors().get(name);
      view.assign(org.nd4j.linalg.factory.Nd4j.createFromArray(tensor.values()).reshape('c', tensor.shape()));
    });
    INDArray result = trainer.network().params().dup();
    trainer.network().params().assign(copy);
    return result;
  }

  @Test
  void updatesOfALargeNormAreSkipped() throws IOException {
    RunConfig config = run("\"steps\": 12, \"validateEvery\": 12, \"optimizer\": {\"skipNorm\": 1e-9, \"skipAfter\": 5}");
    Trainer trainer = start(config, "run");
    AtomicInteger asked = new AtomicInteger();
    trainer.run(() -> asked.incrementAndGet() > 5);
    INDArray before = trainer.network().params().dup();
    trainer.run(() -> false);
    assertEquals(before, trainer.network().params());
    JsonNode last = log("run").get(log("run").size() - 1);
    assertEquals(7, last.get("skipped").asInt());
    assertTrue(last.get("trainBits").asDouble() > 0);
  }

  @Test
  void updatesThatAreNoNumberAreSkippedFromTheFirstAndOnlyWhereAsked() throws IOException {
    RunConfig skipping = run("\"steps\": 200, \"validateEvery\": 500, \"optimizer\": {\"skipNorm\": 10}");
    Trainer trainer = start(skipping, "skipping");
    trainer.network().params().assign(Float.NaN);
    String message = assertThrows(IllegalStateException.class, () -> trainer.run(() -> false)).getMessage();
    assertTrue(message.startsWith("the last 100 updates before step 100 were skipped"), message);
    Trainer strict = start(run("\"steps\": 200"), "strict");
    strict.network().params().assign(Float.NaN);
    message = assertThrows(IllegalStateException.class, () -> strict.run(() -> false)).getMessage();
    assertTrue(message.startsWith("the loss is NaN at step 1"), message);
  }

  @Test
  void frozenPartsStayAndTheRestTrains() throws IOException {
    Trainer trainer = start(run("\"steps\": 5, \"frozen\": [\"codebook\", \"flow1.block0\"]"), "run");
    INDArray codebook = TarFlowNetwork.parameters(trainer.network()).get("codebook.mean").dup();
    INDArray block = TarFlowNetwork.parameters(trainer.network()).get("flow1.block0.qkv.weight").dup();
    INDArray head = TarFlowNetwork.parameters(trainer.network()).get("flow0.head.weight").dup();
    trainer.run(() -> false);
    assertEquals(codebook, TarFlowNetwork.parameters(trainer.network()).get("codebook.mean"));
    assertEquals(block, TarFlowNetwork.parameters(trainer.network()).get("flow1.block0.qkv.weight"));
    assertNotEquals(head, TarFlowNetwork.parameters(trainer.network()).get("flow0.head.weight"));
    assertTrue(assertThrows(IllegalArgumentException.class, () -> start(run("\"steps\": 5, \"frozen\": [\"flow7\"]"), "wrong"))
        .getMessage().startsWith("'flow7' is not a part of the model"));
    assertFalse(Files.exists(folder.resolve("wrong")));
  }

  @Test
  void everyValidationAccountsForTheFlows() throws IOException {
    start(run("\"steps\": 4, \"validateEvery\": 2, \"flowWindows\": 3"), "run").run(() -> false);
    for (JsonNode line : log("run")) {
      assertEquals(3, line.get("flows").size());
      assertTrue(line.get("flows").get(2).get("changedTokens").isNumber());
    }
    start(run("\"steps\": 4, \"validateEvery\": 2, \"flowWindows\": 0"), "none").run(() -> false);
    assertTrue(log("none").stream().noneMatch(line -> line.has("flows")));
  }

  @Test
  void settingsAreChecked() {
    assertThrows(ConfigException.class, () -> run("\"steps\": 1, \"emaDecay\": 1"));
    assertThrows(ConfigException.class, () -> run("\"steps\": 1, \"accumulate\": 0"));
    assertThrows(ConfigException.class, () -> run("\"steps\": 1, \"patience\": -1"));
    assertThrows(ConfigException.class, () -> run("\"steps\": 1, \"optimizer\": {\"skipNorm\": -1}"));
    RunConfig config = run("\"steps\": 3, \"emaDecay\": 0.99, \"patience\": 2, \"frozen\": [\"codebook\"], \"accumulate\": 4");
    assertEquals(config, RecordJson.read(RecordJson.write(config), RunConfig.class));
  }
}
