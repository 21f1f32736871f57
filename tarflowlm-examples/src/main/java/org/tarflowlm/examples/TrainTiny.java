package org.tarflowlm.examples;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.train.RunConfig;
import org.tarflowlm.train.Trainer;
import org.tarflowlm.train.TrainingSpec;
import org.tarflowlm.train.TrainingSummary;

/** Trains a tiny Mix-d flow from scratch on the bundled excerpt of a novel, validates on its last tenth, and generates text with it. */
public final class TrainTiny {
  private TrainTiny() {}

  /** @param steps number of training steps; 400 if not given */
  public static void main(String... steps) throws IOException {
    int updates = steps.length == 0 ? 400 : Integer.parseInt(steps[0]);
    TarFlowConfig model = new TarFlowConfig(ModelType.TARFLOW, 27, 64, 5, 64, 4, 1, null,
        List.of(FlowSpec.tiedMixD(2, 27, Direction.LEFT_TO_RIGHT)), null, null, null, null);
    int interval = Math.max(1, updates / 4);
    TrainingSpec training = TrainingSpec.of(updates).withValidation(interval, 64).withCheckpointEvery(updates).withLogEvery(interval);

    TokenSequence text = TokenArray.of(Excerpt.text(), Tokenizers.byName("text8"));
    long cut = text.length() * 9 / 10;
    try (TemporaryFolder folder = new TemporaryFolder()) {
      Trainer trainer = Trainer.start(new RunConfig("text8", model, training), text.slice(0, cut), text.slice(cut, text.length()),
          folder.resolve("run"));
      TrainingSummary summary = trainer.run(() -> false);
      System.out.printf(Locale.ROOT, "%,d parameters, %d steps, %,d characters seen in %.0f s%n", summary.parameters(), summary.step(),
          summary.tokens(), summary.seconds());
      System.out.printf(Locale.ROOT, "at most %.3f bits per character (%s) on text it has not seen; all 27 equally likely: %.3f%n",
          summary.bestBits(), summary.bound(), Math.log(27) / Math.log(2));
      try (TarFlowLM trained = TarFlowLM.load(folder.resolve("run").resolve("best"))) {
        System.out.println(trained.generate("the whale ", trained.generationOptions().withMaxNewTokens(100).withSeed(1)).get(0).text());
      }
    }
  }
}
