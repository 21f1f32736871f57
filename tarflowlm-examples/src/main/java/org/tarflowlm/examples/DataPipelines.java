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
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.tarflowlm.data.latent.LatentPreProcessor;
import org.tarflowlm.data.text.Enwik8RecordReader;
import org.tarflowlm.data.text.Excerpt;
import org.tarflowlm.data.text.OpenWebTextRecordReader;
import org.tarflowlm.data.text.Text8RecordReader;
import org.tarflowlm.data.text.TokenSequence;
import org.tarflowlm.data.text.TokenSequences;
import org.tarflowlm.data.text.WindowIterator;
import org.tarflowlm.data.text.WindowRecordReader;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;

/** Small files in the formats of text8, enwik8 and OpenWebText, read to batches of token ids and of the noise of their latents. */
public final class DataPipelines {
  private static final int LENGTH = 64;
  private static final int BATCH = 4;
  private static final int LATENT_DIM = 5;

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
      show("text8, characters", new Text8RecordReader(LENGTH), text8, "text8");
      show("enwik8, bytes", new Enwik8RecordReader(LENGTH), enwik8, "bytes");
      show("OpenWebText, GPT-2's BPE", new OpenWebTextRecordReader(LENGTH), documents, "gpt2");
      shuffled(text8);
    }
  }

  /** Front to back in constant memory, through DataVec's and DL4J's own classes. */
  private static void show(String what, WindowRecordReader reader, Path file, String tokenizer) throws IOException, InterruptedException {
    reader.initialize(new CollectionInputSplit(List.<URI>of(file.toUri())));
    MultiDataSetIterator batches = new RecordReaderMultiDataSetIterator.Builder(BATCH).addReader("text", reader).addInput("text", 0, 0)
        .addOutput("text", 1, 1).build();
    batches.setPreProcessor(LatentPreProcessor.noise(LATENT_DIM, 42, 0));
    MultiDataSet batch = batches.next();
    System.out.println(what + ": ids " + shape(batch.getFeatures(0)) + ", noise " + shape(batch.getFeatures(1)));
    INDArray first = batch.getFeatures(0).getRow(0);
    System.out.println("  " + Tokenizers.byName(tokenizer).decode(first.toIntVector()).replace('\n', ' '));
  }

  /** Any window at once, in a seeded order that costs no memory: what training uses. */
  private static void shuffled(Path file) throws IOException {
    Tokenizer tokenizer = Tokenizers.byName("text8");
    try (TokenSequence tokens = TokenSequences.open(file.toString(), tokenizer)) {
      WindowIterator windows = WindowIterator.builder(tokens, LENGTH).batch(BATCH).shuffled(42).build();
      System.out.printf(Locale.ROOT, "shuffled: %d windows, %d batches a pass; one of them:%n", windows.windowsPerPass(),
          windows.batches());
      windows.seek(10);
      System.out.println("  " + tokenizer.decode(windows.next().getFeatures(0).getRow(0).toIntVector()));
    }
  }

  private static String shape(INDArray array) {
    return array.dataType() + " " + Arrays.toString(array.shape());
  }
}
