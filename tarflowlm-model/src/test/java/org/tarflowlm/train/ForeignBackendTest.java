package org.tarflowlm.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.backend.ForeignBackend;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.nn.OptimizerSpec;

/** A model trains and runs where every look of Java code into an array's host memory throws. */
class ForeignBackendTest {
  private static final String TEXT = "call me ishmael some years ago never mind how long precisely having little or no money in my purse "
      + "and nothing particular to interest me on shore i thought i would sail about a little and see the watery part of the world ";

  @TempDir
  private Path folder;

  @Test
  void aWholeTrainingNeverTouchesTheHostsMemory() throws IOException {
    TarFlowConfig model = new TarFlowConfig(ModelType.TARFLOW, 27, 16, 2, 16, 2, 2, null,
        List.of(FlowSpec.tiedMixD(1, 27, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT),
            FlowSpec.affine(0, Direction.RIGHT_TO_LEFT).withChannelDirection(ChannelDirection.DESCENDING)), null, null, 16, null);
    TokenSequence text = TokenArray.of(TEXT, new Text8Alphabet());
    RunConfig run = new RunConfig("text8", model, TrainingSpec.of(20).withBatchSize(4).withSeed(9L).withValidation(10, 4)
        .withCheckpointEvery(10).withLogEvery(5).withOptimizer(OptimizerSpec.defaults().withLearningRate(1e-2).withWarmupSteps(5)));
    try (ForeignBackend ignored = new ForeignBackend()) {
      TrainingSummary summary = Trainer.start(run, text, text, folder.resolve("run")).run(() -> false);
      assertTrue(summary.finished() && summary.bestBits() < 5, "bits per character " + summary.bestBits());
      try (TarFlowLM lm = TarFlowLM.of(Checkpoint.load(folder.resolve("run").resolve("best")))) {
        assertTrue(Double.isFinite(lm.score("call me ishmael ").bitsPerCharacter()));
        assertEquals(8, lm.generate("", GenerationOptions.defaults().withMaxNewTokens(8).withSeed(3)).get(0).text().length());
      }
    }
  }
}
