package org.tarflowlm.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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
import org.tarflowlm.nn.OptimizerSpec;

class ProgressiveTrainerTest {
  private static final String TEXT =
      "there now is your insular city of the manhattoes belted round by wharves as indian isles by coral reefs ";

  @TempDir
  private Path folder;

  private static RunConfig run(ProgressiveSpec progressive) {
    TarFlowConfig model = new TarFlowConfig(ModelType.TARFLOW, 27, 8, 2, 12, 2, 2, null,
        List.of(FlowSpec.tiedMixD(1, 27, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT),
            FlowSpec.affine(1, Direction.LEFT_TO_RIGHT)), null, null, 8, null);
    return new RunConfig("text8", model,
        TrainingSpec.of(6).withBatchSize(4).withSeed(3L).withValidation(3, 4).withCheckpointEvery(2).withLogEvery(3)
            .withOptimizer(OptimizerSpec.defaults().withLearningRate(1e-2).withWarmupSteps(2)), progressive);
  }

  private static TokenSequence text() {
    return TokenArray.of(TEXT, new Text8Alphabet());
  }

  private static BooleanSupplier after(int steps) {
    AtomicInteger asked = new AtomicInteger();
    return () -> asked.incrementAndGet() > steps;
  }

  private Map<String, FloatTensor> best(String run, int stage) {
    return Checkpoint.load(folder.resolve(run).resolve("stage" + stage).resolve("best")).tensors();
  }

  @Test
  void flowsAreAddedOneByOneAndThoseBelowDoNotMove() throws IOException {
    RunConfig config = run(new ProgressiveSpec(List.of(6, 3, 3), null));
    List<TrainingSummary> summaries = ProgressiveTrainer.start(config, text(), text(), folder.resolve("run")).run(() -> false);
    assertEquals(List.of(6, 3, 3), summaries.stream().map(TrainingSummary::step).toList());
    assertTrue(summaries.stream().allMatch(TrainingSummary::finished));
    for (int stage = 2; stage <= 3; stage++) {
      Map<String, FloatTensor> after = best("run", stage);
      best("run", stage - 1).forEach((name, tensor) -> assertArrayEquals(tensor.values(), after.get(name).values(), name));
      assertTrue(after.keySet().contains("flow" + (stage - 1) + ".in.weight"));
    }
    assertEquals(config.model(), Checkpoint.load(folder.resolve("run/stage3/best")).config());
  }

  @Test
  void anInterruptedAndResumedRunEndsWithTheSameNumbers() throws IOException {
    RunConfig config = run(new ProgressiveSpec(List.of(4, 5, 1), null));
    List<TrainingSummary> expected = ProgressiveTrainer.start(config, text(), text(), folder.resolve("whole")).run(() -> false);

    Path parts = folder.resolve("parts");
    List<TrainingSummary> first = ProgressiveTrainer.start(config, text(), text(), parts).run(after(6));
    assertEquals(2, first.size());
    assertFalse(first.get(1).finished());
    List<TrainingSummary> found = ProgressiveTrainer.resume(config, text(), text(), parts, Changes.REFUSE).run(() -> false);

    assertEquals(expected.stream().map(TrainingSummary::bestBits).toList(), found.stream().map(TrainingSummary::bestBits).toList());
    Map<String, FloatTensor> whole = best("whole", 3);
    best("parts", 3).forEach((name, tensor) -> assertTrue(Arrays.equals(whole.get(name).values(), tensor.values()), name));
  }

  @Test
  void aStageEndsWhereValidationSettles() throws IOException {
    int steps = 40;
    RunConfig config = new RunConfig("text8", run(null).model(), TrainingSpec.of(steps).withBatchSize(4).withSeed(3L)
        .withValidation(1, 4).withCheckpointEvery(50).withLogEvery(50).withOptimizer(OptimizerSpec.defaults().withLearningRate(0.1)
        .withWarmupSteps(0)), new ProgressiveSpec(null, 1));
    Path out = folder.resolve("run");
    List<TrainingSummary> summaries = ProgressiveTrainer.start(config, text(), text(), out).run(() -> false);
    assertTrue(summaries.stream().allMatch(TrainingSummary::finished));
    assertTrue(summaries.stream().anyMatch(summary -> summary.step() < steps), () -> "no stage ended early: " + summaries);
    assertEquals(summaries, ProgressiveTrainer.resume(config, text(), text(), out, Changes.REFUSE).run(() -> false));
  }

  @Test
  void configurationsAreChecked() throws IOException {
    RunConfig config = run(ProgressiveSpec.defaults());
    assertEquals(config, RecordJson.read(RecordJson.write(config), RunConfig.class));
    assertThrows(ConfigException.class, () -> run(new ProgressiveSpec(List.of(1, 2), null)));
    assertThrows(ConfigException.class, () -> new ProgressiveSpec(List.of(1, 0), null));
    assertThrows(ConfigException.class, () -> ProgressiveTrainer.resume(config, text(), text(), folder.resolve("nothing"), Changes.REFUSE));
    RunConfig discrete = new RunConfig("text8", config.model().autoregressiveTwin(), config.training());
    assertThrows(ConfigException.class, () -> ProgressiveTrainer.start(discrete, text(), text(), folder.resolve("discrete")));
  }
}
