package org.tarflowlm.pipelines;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.core.util.ModelGuesser;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.parallelism.ParallelInference;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.deeplearning4j.parallelism.inference.InferenceMode;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.windows.WindowIterator;
import org.tarflowlm.nn.EncoderNoise;
import org.tarflowlm.nn.ModelInputs;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;

/** Makes each call of DL4J that the table in docs/fine-tuning.md names, on a tiny model. */
class Dl4jToolsTest {
  private static final int LENGTH = 16;
  private static final int BATCH = 4;
  private static final OptimizerSpec PLAIN = OptimizerSpec.constant(1e-2).withWeightDecay(0.0).withClipNorm(1.0);

  @TempDir private Path folder;

  private static ComputationGraph network(ModelInputs inputs) {
    TarFlowConfig config = new TarFlowConfig(ModelType.TARFLOW, 27, LENGTH, 3, 12, 3, 1, null,
        List.of(FlowSpec.mixD(1, 8, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT)), null, null, 16, null);
    return TarFlowNetwork.create(config, PLAIN, 1000, 3, inputs);
  }

  private static WindowIterator windows(int from, int batches) {
    TokenArray text = TokenArray.of(Excerpt.text(), new Text8Alphabet());
    return WindowIterator.builder(text.slice((long) from * LENGTH, (long) (from + batches * BATCH) * LENGTH), LENGTH).batch(BATCH).build();
  }

  private static INDArray ids(int from) {
    return windows(from, 1).next().getFeatures(0);
  }

  @Test
  void fitTakesDataSets() {
    List<DataSet> sets = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      sets.add(new DataSet(ids(i * BATCH), ids(i * BATCH)));
    }
    ComputationGraph network = network(ModelInputs.IDS);
    ComputationGraph other = network(ModelInputs.IDS);
    network.fit(new ExistingDataSetIterator(sets), 2);
    other.fit(windows(0, 3), 2);
    assertEquals(other.params(), network.params());
    assertEquals(network.score(sets.get(0)), other.score(new MultiDataSet(ids(0), ids(0))));
  }

  /** A mask marks shorter texts, as DataSet keeps it. */
  @Test
  void scoreExamplesGivesEachTextsMean() {
    ComputationGraph network = network(ModelInputs.IDS_AND_NOISE);
    INDArray noise = EncoderNoise.draw(1, 0, DataType.FLOAT, BATCH, LENGTH, 3);
    MultiDataSet all = new MultiDataSet(new INDArray[] {ids(0), noise}, new INDArray[] {ids(0)});
    INDArray scores = network.scoreExamples(all, false);
    assertArrayEquals(new long[] {BATCH, 1}, scores.shape());
    assertEquals(network.score(all, false), scores.meanNumber().doubleValue(), 1e-5);
    assertTrue(network.output(all.getFeatures())[0].mul(-1.0 / LENGTH).equalsWithEps(scores, 1e-5));
    INDArray mask = Nd4j.ones(DataType.FLOAT, BATCH, LENGTH);
    mask.putScalar(0, LENGTH - 1, 0f);
    DataSet masked = new DataSet(ids(0), ids(0), mask, null);
    assertEquals(BATCH, network(ModelInputs.IDS).scoreExamples(masked, false).length());
  }

  /** Each request alone draws its own batch's noise, as {@code output} does. */
  @Test
  void parallelInferenceGivesTheNetworksOutput() {
    ComputationGraph network = network(ModelInputs.IDS);
    INDArray expected = network.outputSingle(ids(0)).dup();
    INDArray other = network.outputSingle(ids(BATCH)).dup();
    ParallelInference parallel = new ParallelInference.Builder(network).workers(2).inferenceMode(InferenceMode.SEQUENTIAL).build();
    try {
      for (int i = 0; i < 4; i++) {
        assertEquals(expected, parallel.output(ids(0)));
        assertEquals(other, parallel.output(ids(BATCH)));
      }
    } finally {
      parallel.shutdown();
    }
  }

  @Test
  void modelGuesserFindsTheNetwork() throws Exception {
    ComputationGraph network = network(ModelInputs.IDS_AND_NOISE);
    File file = folder.resolve("model.zip").toFile();
    ModelSerializer.writeModel(network, file, true);
    ComputationGraph guessed = (ComputationGraph) ModelGuesser.loadModelGuess(file.getPath());
    assertEquals(network.params(), guessed.params());
    assertEquals(ModelInputs.IDS_AND_NOISE.names(), guessed.getConfiguration().getNetworkInputs());
  }

  /**
   * Two workers count alike, but draw different noise for different batches. Another run draws the same noise again. On a busy machine a
   * run of the wrapper once ended elsewhere, as if one worker had taken both batches, so each figure may take a second run.
   */
  @Test
  void parallelWorkersDrawNoiseOfTheirOwn() {
    ComputationGraph first = network(ModelInputs.IDS);
    ComputationGraph second = network(ModelInputs.IDS);
    first.fit(new MultiDataSet(ids(0), ids(0)));
    second.fit(new MultiDataSet(ids(BATCH), ids(BATCH)));
    INDArray expected = first.params().add(second.params()).divi(2);
    INDArray found = Stream.generate(Dl4jToolsTest::averaged).limit(2).filter(each -> expected.equalsWithEps(each, 1e-5)).findFirst()
        .orElseThrow(() -> new AssertionError("each worker's step is that of its batch alone"));
    assertTrue(Stream.generate(Dl4jToolsTest::averaged).limit(2).anyMatch(found::equals), "the same noise again");
    assertNotEquals(first.params(), second.params());
  }

  private static INDArray averaged() {
    ComputationGraph network = network(ModelInputs.IDS);
    try (ParallelWrapper parallel = new ParallelWrapper.Builder<>(network).workers(2).prefetchBuffer(0).averagingFrequency(1)
        .trainingMode(ParallelWrapper.TrainingMode.AVERAGING).build()) {
      parallel.fit(windows(0, 2));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
    return network.params().dup();
  }
}
