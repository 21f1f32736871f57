package org.tarflowlm.examples;

import java.util.Locale;
import java.util.TreeMap;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.EarlyStoppingResult;
import org.deeplearning4j.earlystopping.saver.InMemoryModelSaver;
import org.deeplearning4j.earlystopping.scorecalc.DataSetLossCalculator;
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition;
import org.deeplearning4j.earlystopping.termination.ScoreImprovementEpochTerminationCondition;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingGraphTrainer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.optimize.listeners.CollectScoresListener;
import org.tarflowlm.Score;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.data.windows.WindowIterator;
import org.tarflowlm.nn.FineTuning;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.zoo.TarFlowZoo;
import org.tarflowlm.zoo.Text8TarFlow;

/**
 * Trains the packaged model further on a novel with DL4J's own tools: an early-stopping trainer, a score calculator, a listener. The
 * codebook and all flows but the first are frozen. Training uses some windows of the bundled excerpt, early stopping uses others, and the
 * last tenth is scored before and after.
 */
public final class FineTune {
  private static final int EPOCHS = 5;
  private static final int BATCH = 4;

  private FineTune() {}

  /** @param windows number of windows of the excerpt to train on; 200 if not given */
  public static void main(String... windows) {
    int count = windows.length == 0 ? 200 : Integer.parseInt(windows[0]);
    Checkpoint zoo = TarFlowZoo.load("text8-mixd");
    int length = zoo.config().contextLength();
    TokenSequence text = TokenArray.of(Excerpt.text(), Tokenizers.byName("text8"));
    WindowIterator training = WindowIterator.builder(text.slice(0, (long) count * length), length).batch(BATCH).shuffled(1).build();
    long held = text.length() * 8 / 10;
    WindowIterator validation = WindowIterator.builder(text.slice(held, held + Math.min(20, count) * (long) length), length).batch(BATCH)
        .build();

    ComputationGraph pretrained = Text8TarFlow.builder().build().initPretrained();
    String[] others = FineTuning.parts(pretrained).stream().filter(part -> !part.equals("flow0")).toArray(String[]::new);
    ComputationGraph network = FineTuning.of(pretrained)
        .optimizer(OptimizerSpec.defaults().withLearningRate(2e-4).withWarmupSteps(20)
            .withFinalFraction(0.1), EPOCHS * (int) training.batches())
        .freeze(others)
        .build();
    CollectScoresListener losses = new CollectScoresListener(1);
    network.setListeners(losses);
    EarlyStoppingConfiguration<ComputationGraph> stopping = new EarlyStoppingConfiguration.Builder<ComputationGraph>()
        .epochTerminationConditions(new MaxEpochsTerminationCondition(EPOCHS), new ScoreImprovementEpochTerminationCondition(1))
        .scoreCalculator(new DataSetLossCalculator(validation, true))
        .modelSaver(new InMemoryModelSaver<>())
        .build();
    EarlyStoppingResult<ComputationGraph> result = new EarlyStoppingGraphTrainer(stopping, network, training, null).fit();
    new TreeMap<>(result.getScoreVsEpoch()).forEach((epoch, score) ->
        System.out.printf(Locale.ROOT, "after epoch %d: %.4f bits per character in validation%n", epoch + 1, score / Math.log(2)));

    Checkpoint tuned = CheckpointNetworks.checkpoint(result.getBestModel(), zoo.info(), null);
    long same = zoo.tensors().entrySet().stream().filter(each -> each.getValue().equals(tuned.tensors().get(each.getKey()))).count();
    System.out.printf("%d steps; %d of %d tensors are still the zoo's, bit for bit%n", losses.getListScore().size(), same,
        zoo.tensors().size());
    show("zoo", zoo);
    show("tuned", tuned);
  }

  private static void show(String name, Checkpoint checkpoint) {
    String text = Excerpt.text();
    try (TarFlowLM model = TarFlowLM.of(checkpoint)) {
      Score score = model.score(text.substring(text.length() * 9 / 10));
      String written = model.generate("the whale ", model.generationOptions().withMaxNewTokens(60).withTemperature(0.8).withSeed(1))
          .get(0).text();
      System.out.printf(Locale.ROOT, "%-5s  at most %.4f bits per character (%s) on other pages, standard error %.4f   the whale |%s%n",
          name, score.bitsPerCharacter(), score.bound(), score.standardError(), written);
    }
  }
}
