package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.datavec.api.records.reader.RecordReader;
import org.datavec.api.records.reader.impl.transform.TransformProcessRecordReader;
import org.datavec.api.split.CollectionInputSplit;
import org.datavec.api.transform.TransformProcess;
import org.datavec.api.transform.schema.Schema;
import org.deeplearning4j.datasets.datavec.RecordReaderMultiDataSetIterator;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.EarlyStoppingResult;
import org.deeplearning4j.earlystopping.saver.InMemoryModelSaver;
import org.deeplearning4j.earlystopping.scorecalc.DataSetLossCalculator;
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingGraphTrainer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.optimize.listeners.CollectScoresListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.documents.TextUnit;
import org.tarflowlm.data.latent.LatentPreProcessor;
import org.tarflowlm.data.latent.LatentTransform;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.windows.Enwik8RecordReader;
import org.tarflowlm.data.windows.OpenWebTextRecordReader;
import org.tarflowlm.data.windows.Text8RecordReader;
import org.tarflowlm.data.windows.TextSequenceRecordReader;

/** Classes of DataVec and DL4J take files in the three corpora's formats to a loss that falls. */
class LatentPipelinesTest {
  private static final int TIME = 16;
  private static final int DIM = 3;
  private static final int BATCH = 4;
  private static final int EPOCHS = 4;
  private static final OptimizerSpec OPTIMIZER = OptimizerSpec.constant(1e-2).withWeightDecay(0.0).withClipNorm(1.0);

  @TempDir private Path folder;

  /** A corpus in its own format. */
  enum Format {
    TEXT8(27), ENWIK8(256), OPENWEBTEXT(50257);

    private final int vocabulary;

    Format(int vocabulary) {
      this.vocabulary = vocabulary;
    }

    /** A file of about 32 windows, and its reader. */
    RecordReader open(Path folder) throws IOException, InterruptedException {
      String novel = Excerpt.text();
      RecordReader reader;
      URI file;
      switch (this) {
        case TEXT8 -> {
          Path zip = folder.resolve("text8.zip");
          try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
            out.putNextEntry(new ZipEntry("text8"));
            out.write(novel.substring(0, 32 * TIME).getBytes());
          }
          reader = new Text8RecordReader(TIME);
          file = zip.toUri();
        }
        case ENWIK8 -> {
          file = Files.writeString(folder.resolve("enwik8"), "<page>\u2014" + novel.substring(0, 32 * TIME) + "</page>").toUri();
          reader = new Enwik8RecordReader(TIME);
        }
        default -> {
          Path documents = Files.createDirectories(folder.resolve("documents"));
          for (int i = 0; i < 3; i++) {
            Files.writeString(documents.resolve(i + ".txt"), novel.substring(i * 700, (i + 1) * 700));
          }
          reader = new OpenWebTextRecordReader(TIME);
          file = documents.toUri();
        }
      }
      reader.initialize(new CollectionInputSplit(List.of(file)));
      return reader;
    }

    TarFlowConfig config() {
      return new TarFlowConfig(ModelType.TARFLOW, vocabulary, TIME, DIM, 12, 3, 1, null,
          List.of(FlowSpec.mixD(1, 8, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT)), null, null, 16, null);
    }
  }

  private static MultiDataSetIterator batches(RecordReader reader, int inputs) {
    RecordReaderMultiDataSetIterator.Builder builder = new RecordReaderMultiDataSetIterator.Builder(BATCH).addReader("text", reader);
    for (int i = 0; i < inputs; i++) {
      builder.addInput("text", i, i);
    }
    return builder.addOutput("text", inputs, inputs).build();
  }

  private static ComputationGraph network(TarFlowConfig config, ModelInputs inputs) {
    return TarFlowNetwork.create(config, OPTIMIZER, 1000, 3, inputs);
  }

  private static void assertLearns(ComputationGraph network, MultiDataSetIterator batches) {
    CollectScoresListener scores = new CollectScoresListener(1);
    network.setListeners(scores);
    network.fit(batches, EPOCHS);
    int n = scores.getListScore().size() / EPOCHS;
    double first = 0;
    double last = 0;
    for (int i = 0; i < n; i++) {
      first += scores.getListScore().getDouble(i) / n;
      last += scores.getListScore().getDouble((EPOCHS - 1) * n + i) / n;
    }
    assertTrue(last < first - 0.05, "the loss went from " + first + " to " + last);
  }

  @ParameterizedTest
  @EnumSource(Format.class)
  void everyFormTrainsFromAFile(Format format) throws Exception {
    TarFlowConfig config = format.config();
    assertLearns(network(config, ModelInputs.IDS), batches(format.open(folder), 1));

    ComputationGraph ofNoise = network(config, ModelInputs.IDS_AND_NOISE);
    ComputationGraph ofLatents = network(config, ModelInputs.LATENTS);
    MultiDataSetIterator noise = batches(format.open(folder), 1);
    MultiDataSetIterator latents = batches(format.open(folder), 1);
    noise.setPreProcessor(LatentPreProcessor.noise(DIM, 7, 0));
    latents.setPreProcessor(LatentPreProcessor.latents(TarFlowNetwork.codebook(ofLatents), 7, 0));
    for (int i = 0; i < 2; i++) {
      double expected = ofNoise.score(noise.next(), false);
      assertEquals(expected, ofLatents.score(latents.next(), false), 1e-5 * Math.abs(expected));
    }
    assertLearns(ofNoise, noise);
    assertLearns(ofLatents, latents);
  }

  /** DataVec's transform does the same, record by record. */
  @ParameterizedTest
  @EnumSource(Format.class)
  void transformProcessesTrainToo(Format format) throws Exception {
    TarFlowConfig config = format.config();
    ComputationGraph ofNoise = network(config, ModelInputs.IDS_AND_NOISE);
    ComputationGraph ofLatents = network(config, ModelInputs.LATENTS);
    MultiDataSetIterator noise = transformed(format, new LatentTransform("ids", DIM, null, 7, 0), 2);
    MultiDataSetIterator latents = transformed(format, new LatentTransform("ids", DIM, TarFlowNetwork.codebook(ofLatents), 7, 0), 1);
    double expected = ofNoise.score(noise.next(), false);
    assertEquals(expected, ofLatents.score(latents.next(), false), 1e-5 * Math.abs(expected));
    assertLearns(ofNoise, noise);
    assertLearns(ofLatents, latents);
  }

  private MultiDataSetIterator transformed(Format format, LatentTransform transform, int inputs) throws Exception {
    Schema schema = new Schema.Builder().addColumnNDArray("ids", new long[] {1, TIME}).addColumnNDArray("labels", new long[] {1, TIME})
        .build();
    TransformProcess process = TransformProcess.fromJson(new TransformProcess.Builder(schema).transform(transform).build().toJson());
    return batches(new TransformProcessRecordReader(format.open(folder), process), inputs);
  }

  @ParameterizedTest
  @EnumSource(value = ModelInputs.class, names = {"IDS_AND_NOISE", "LATENTS"})
  void earlyStoppingTakesThem(ModelInputs inputs) throws Exception {
    ComputationGraph network = network(Format.TEXT8.config(), inputs);
    LatentPreProcessor pre = inputs == ModelInputs.LATENTS ? LatentPreProcessor.latents(TarFlowNetwork.codebook(network), 7, 0)
        : LatentPreProcessor.noise(DIM, 7, 0);
    MultiDataSetIterator training = batches(Format.TEXT8.open(folder), 1);
    MultiDataSetIterator validation = batches(Format.TEXT8.open(folder), 1);
    training.setPreProcessor(pre);
    validation.setPreProcessor(pre);
    EarlyStoppingConfiguration<ComputationGraph> stopping = new EarlyStoppingConfiguration.Builder<ComputationGraph>()
        .epochTerminationConditions(new MaxEpochsTerminationCondition(3))
        .scoreCalculator(new DataSetLossCalculator(validation, true))
        .modelSaver(new InMemoryModelSaver<>()).build();
    EarlyStoppingResult<ComputationGraph> result = new EarlyStoppingGraphTrainer(stopping, network, training, null).fit();
    assertTrue(result.getScoreVsEpoch().get(2) < result.getScoreVsEpoch().get(0), result.getScoreVsEpoch().toString());
    MultiDataSet batch = batches(Format.TEXT8.open(folder), 1).next();
    pre.preProcess(batch);
    assertTrue(Double.isFinite(result.getBestModel().score(batch, false)));
  }

  /** Words are short texts of different lengths; all three forms take them with masks. */
  @ParameterizedTest
  @EnumSource(ModelInputs.class)
  void shortTextsTrainWithTheirMasks(ModelInputs inputs) throws Exception {
    Path lines = Files.writeString(folder.resolve("lines"), Excerpt.text().substring(0, 400).replace(' ', '\n'));
    TextSequenceRecordReader reader = TextSequenceRecordReader.builder(new Text8Alphabet(), TextUnit.LINE, TIME).build();
    reader.initialize(new CollectionInputSplit(List.of(lines.toUri())));
    MultiDataSetIterator batches = new RecordReaderMultiDataSetIterator.Builder(8).addSequenceReader("text", reader)
        .addInput("text", 0, 0).addOutput("text", 0, 0).build();
    ComputationGraph network = network(Format.TEXT8.config(), inputs);
    if (inputs != ModelInputs.IDS) {
      batches.setPreProcessor(inputs == ModelInputs.LATENTS ? LatentPreProcessor.latents(TarFlowNetwork.codebook(network), 7, 0)
          : LatentPreProcessor.noise(DIM, 7, 0));
    }
    assertLearns(network, batches);
  }

  @Test
  void aNetworksCodebookIsTheEncoders() {
    ComputationGraph network = network(Format.TEXT8.config(), ModelInputs.IDS);
    assertEquals(27, TarFlowNetwork.codebook(network).vocabSize());
    assertEquals(DIM, TarFlowNetwork.codebook(network).dim());
  }
}
