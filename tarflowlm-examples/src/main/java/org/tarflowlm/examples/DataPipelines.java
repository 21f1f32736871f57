package org.tarflowlm.examples;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.datavec.api.split.CollectionInputSplit;
import org.deeplearning4j.datasets.datavec.RecordReaderMultiDataSetIterator;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.documents.TextUnit;
import org.tarflowlm.data.latent.LatentPreProcessor;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.data.tokens.TokenSequences;
import org.tarflowlm.data.windows.Enwik8RecordReader;
import org.tarflowlm.data.windows.OpenWebTextRecordReader;
import org.tarflowlm.data.windows.Text8RecordReader;
import org.tarflowlm.data.windows.TextSequenceRecordReader;
import org.tarflowlm.data.windows.WindowIterator;
import org.tarflowlm.data.windows.WindowRecordReader;
import org.tarflowlm.nn.ModelInputs;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;

/**
 * Turns small files in the formats of text8, enwik8 and OpenWebText into batches, and trains tiny networks on them. Batches hold ids with
 * their latents' noise, the latents themselves, or short texts of different lengths with masks.
 */
public final class DataPipelines {
  private static final int LENGTH = 64;
  private static final int BATCH = 4;
  private static final int LATENT_DIM = 5;
  private static final int EPOCHS = 2;

  private DataPipelines() {}

  public static void main(String... arguments) throws IOException, InterruptedException {
    try (TemporaryFolder folder = new TemporaryFolder()) {
      String novel = Excerpt.text();
      Path text8 = Files.writeString(folder.resolve("sample.text8"), novel.substring(0, 20_000));
      Path enwik8 = Files.writeString(folder.resolve("sample.xml"),
          "<page><title>Whale</title><text>'''Whales''' are &quot;mammals&quot; \u2014 " + novel.substring(0, 2_000) + "</text></page>\n");
      Path documents = Files.createDirectory(folder.resolve("documents"));
      for (int i = 0; i < 3; i++) {
        Files.writeString(documents.resolve("page-" + i + ".txt"), novel.substring(i * 2_000, (i + 1) * 2_000));
      }
      train("text8, characters", new Text8RecordReader(LENGTH), text8, "text8");
      train("enwik8, bytes", new Enwik8RecordReader(LENGTH), enwik8, "bytes");
      train("OpenWebText, GPT-2's BPE", new OpenWebTextRecordReader(LENGTH), documents, "gpt2");
      trainOnLatents(text8);
      trainOnShortTexts(Files.writeString(folder.resolve("lines.txt"), novel.substring(0, 4_000).replaceAll("(\\S+ \\S+ \\S+) ", "$1\n")));
      shuffled(text8);
    }
  }

  /** Streams a file in constant memory, through DataVec's and DL4J's own classes, into a network with two inputs. */
  private static void train(String what, WindowRecordReader reader, Path file, String tokenizer) throws IOException, InterruptedException {
    Tokenizer symbols = Tokenizers.byName(tokenizer);
    ComputationGraph network = network(symbols.vocabSize(), ModelInputs.IDS_AND_NOISE);
    MultiDataSetIterator batches = windows(reader, file);
    batches.setPreProcessor(LatentPreProcessor.noise(LATENT_DIM, 42, 0));
    MultiDataSet batch = batches.next();
    System.out.println(what + ": ids " + shape(batch.getFeatures(0)) + ", noise " + shape(batch.getFeatures(1)));
    System.out.println("  " + symbols.decode(batch.getFeatures(0).getRow(0).toIntVector()).replace('\n', ' '));
    fit(network, batches, batch);
  }

  /** Trains on latents from the network's own codebook, which stays fixed. */
  private static void trainOnLatents(Path file) throws IOException, InterruptedException {
    ComputationGraph network = network(27, ModelInputs.LATENTS);
    MultiDataSetIterator batches = windows(new Text8RecordReader(LENGTH), file);
    batches.setPreProcessor(LatentPreProcessor.latents(TarFlowNetwork.codebook(network), 42, 0));
    MultiDataSet batch = batches.next();
    System.out.println("latents of text8: z " + shape(batch.getFeatures(0)));
    fit(network, batches, batch);
  }

  /** One line per sequence: DL4J pads a batch to its longest sequence and adds the masks. */
  private static void trainOnShortTexts(Path file) throws IOException, InterruptedException {
    TextSequenceRecordReader reader = TextSequenceRecordReader.builder(Tokenizers.byName("text8"), TextUnit.LINE, LENGTH).build();
    reader.initialize(new CollectionInputSplit(List.<URI>of(file.toUri())));
    MultiDataSetIterator batches = new RecordReaderMultiDataSetIterator.Builder(16).addSequenceReader("text", reader)
        .addInput("text", 0, 0).addOutput("text", 0, 0).build();
    MultiDataSet batch = batches.next();
    System.out.println("lines: ids " + shape(batch.getFeatures(0)) + ", mask " + shape(batch.getFeaturesMaskArray(0)) + " of "
        + batch.getFeaturesMaskArray(0).sumNumber().intValue() + " ones");
    fit(network(27, ModelInputs.IDS), batches, batch);
  }

  private static MultiDataSetIterator windows(WindowRecordReader reader, Path file) throws IOException, InterruptedException {
    reader.initialize(new CollectionInputSplit(List.<URI>of(file.toUri())));
    return new RecordReaderMultiDataSetIterator.Builder(BATCH).addReader("text", reader).addInput("text", 0, 0).addOutput("text", 1, 1)
        .build();
  }

  private static ComputationGraph network(int vocabSize, ModelInputs inputs) {
    TarFlowConfig config = new TarFlowConfig(ModelType.TARFLOW, vocabSize, LENGTH, LATENT_DIM, 16, 2, 1, null,
        List.of(FlowSpec.mixD(1, 16, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT)), null, null, 16, null);
    return TarFlowNetwork.create(config, OptimizerSpec.constant(1e-2), 100, 1, inputs);
  }

  private static void fit(ComputationGraph network, MultiDataSetIterator batches, MultiDataSet first) {
    double before = network.score(first, false);
    batches.reset();
    network.fit(batches, EPOCHS);
    double after = network.score(first, false);
    System.out.printf(Locale.ROOT, "  trained: %.2f nats per token before, %.2f after %d epochs%n", before, after, EPOCHS);
  }

  /** Reads any window at once, in a seeded order that takes no memory; training uses this. */
  private static void shuffled(Path file) throws IOException {
    Tokenizer tokenizer = Tokenizers.byName("text8");
    try (TokenSequence tokens = TokenSequences.open(file.toString(), tokenizer)) {
      WindowIterator windows = WindowIterator.builder(tokens, LENGTH).batch(BATCH).shuffled(42).build();
      System.out.printf(Locale.ROOT, "shuffled: %d windows, %d batches per pass; one of them:%n", windows.windowsPerPass(),
          windows.batches());
      windows.seek(10);
      System.out.println("  " + tokenizer.decode(windows.next().getFeatures(0).getRow(0).toIntVector()));
    }
  }

  private static String shape(INDArray array) {
    return array.dataType() + " " + Arrays.toString(array.shape());
  }
}
