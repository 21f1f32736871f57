package org.tarflowlm.data.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.datavec.api.writable.NDArrayWritable;
import org.junit.jupiter.api.Test;
import org.tarflowlm.data.Archives;
import org.tarflowlm.data.Archives.Entry;
import org.tarflowlm.data.corpus.Corpus.Content;
import org.tarflowlm.data.corpus.Corpus.Split;
import org.tarflowlm.data.corpus.Corpus.Unit;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.documents.TextUnit;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.Progress;
import org.tarflowlm.data.file.RemoteFile;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.data.tokenize.Bytes;
import org.tarflowlm.data.tokenize.Gpt2Bpe;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.windows.Text8RecordReader;
import org.tarflowlm.data.windows.TextSequenceRecordReader;

/** Commands and readers take a part of a corpus by name. */
class CorpusSplitTest extends CorpusTesting {
  @Test
  void textsAreOpenedByName() throws IOException {
    Corpus small = small();
    Corpora corpora = corpora(small);
    String excerpt = Excerpt.text();
    Tokenizer text8 = new Text8Alphabet();
    assertTrue(message(() -> corpora.open("small:test", text8)).contains("fetch it first: tarflowlm data fetch small"));
    corpora.fetch(small, Progress.NONE);
    assertEquals(excerpt.substring(60_000), text(corpora.open("small:test", text8), text8));
    assertEquals(excerpt.substring(60_000), text(corpora.open("small:test", new Bytes()), new Bytes()), "cut by bytes as well");
    Path file = Files.writeString(folder.resolve("file"), "plain");
    assertEquals("plain", text(corpora.open(file.toString(), text8), text8));

    assertTrue(message(() -> corpora.open("small:dev", text8)).contains("has no part \"dev\"; expected one of train, test"));
    assertTrue(message(() -> corpora.open("smal:test", text8)).contains("corpus \"smal\" is not known; expected one of small"));
    assertTrue(message(() -> corpora.open("small", text8)).contains("expected one of its parts: small:train, small:test"));
    assertTrue(message(() -> corpora.open("small:test", new Gpt2Bpe())).contains("is cut by tokens of tokenizer text8"));
    assertTrue(message(() -> corpora.open("nothing", text8)).contains("file nothing does not exist"));
  }

  @Test
  void wholeCorpusToTrainOnIsNoticed() throws IOException {
    Corpus small = small();
    Corpora corpora = corpora(small);
    String expected = "is all of small, including the part small:test that models are tested on; to train on a part, put the file at "
        + corpora.file(small) + " and name one of small:train, small:test";
    Path archive = folder.resolve("small.zip");
    assertEquals(archive + " " + expected, corpora.wholeCorpus(archive.toString()).orElseThrow());
    Path unpacked = Files.writeString(folder.resolve("unpacked"), Excerpt.text());
    assertEquals(unpacked + " " + expected, corpora.wholeCorpus(unpacked.toString()).orElseThrow());
    Path other = Files.writeString(folder.resolve("other"), "b" + Excerpt.text().substring(1));
    assertTrue(corpora.wholeCorpus(other.toString()).isEmpty(), "as long, another text");
    assertTrue(corpora.wholeCorpus("small:train").isEmpty());
    assertTrue(corpora.wholeCorpus(folder.toString()).isEmpty());
    assertEquals(Excerpt.text().length(), corpora.openForTraining(archive.toString(), new Text8Alphabet()).length());
  }

  @Test
  void recordReadersTakeParts() throws Exception {
    Corpus small = small();
    Corpora corpora = corpora(small);
    corpora.fetch(small, Progress.NONE);
    Text8RecordReader reader = new Text8RecordReader(100);
    reader.initialize(new CorpusSplit(corpora, "small", "test"));
    String first = new Text8Alphabet().decode(((NDArrayWritable) reader.next().get(0)).get().toIntVector());
    assertEquals(Excerpt.text().substring(60_000, 60_100), first);
    int windows = 1;
    for (; reader.hasNext(); reader.next()) {
      windows++;
    }
    assertEquals((Excerpt.text().length() - 60_000) / 100, windows);
    reader.reset();
    assertTrue(reader.hasNext());
    assertTrue(message(() -> new CorpusSplit(corpora, "small", "dev")).contains("has no part"));
    CorpusSplit missing = new CorpusSplit(new Corpora(new CacheFolder(folder.resolve("empty"), true)), "text8", "train");
    assertTrue(message(() -> reader.initialize(missing)).contains("corpus text8 is not in the cache"));
  }

  private static List<String> texts(CorpusSplit split, Tokenizer tokenizer, TextUnit unit, int maxTokens) throws Exception {
    List<String> result = new ArrayList<>();
    try (TextSequenceRecordReader reader = TextSequenceRecordReader.builder(tokenizer, unit, maxTokens).build()) {
      reader.initialize(split);
      while (reader.hasNext()) {
        result.add(tokenizer.decode(reader.sequenceRecord().stream().mapToInt(step -> step.get(0).toInt()).toArray()));
      }
    }
    return result;
  }

  @Test
  void readersOfTextsTakeParts() throws Exception {
    Corpus small = small();
    Corpora running = corpora(small);
    running.fetch(small, Progress.NONE);
    List<String> pieces = texts(new CorpusSplit(running, "small", "test"), new Text8Alphabet(), TextUnit.DOCUMENT, 1000);
    assertEquals(Excerpt.text().substring(60_000), String.join("", pieces));
    assertEquals((Excerpt.text().length() - 60_000 + 999) / 1000, pieces.size());
    Corpora documents = corpora(documents());
    documents.fetch(documents.byName("docs"), Progress.NONE);
    CorpusSplit train = new CorpusSplit(documents, "docs", "train");
    assertEquals(List.of("One.", "Two."), texts(train, new Gpt2Bpe(), TextUnit.DOCUMENT, 10));
    assertEquals(List.of("One.", "Two."), texts(train, new Gpt2Bpe(), TextUnit.SENTENCE, 10));
    assertEquals(List.of("Three."), texts(new CorpusSplit(documents, "docs", "valid"), new Gpt2Bpe(), TextUnit.LINE, 10));
    assertTrue(message(() -> texts(train, new Bytes(), TextUnit.LINE, 10)).contains("cannot be cut into documents"));
    CorpusSplit missing = new CorpusSplit(new Corpora(new CacheFolder(folder.resolve("empty"), true)), "text8", "train");
    assertTrue(message(() -> texts(missing, new Text8Alphabet(), TextUnit.LINE, 10)).contains("corpus text8 is not in the cache"));
  }

  /** A part's bounds count bytes, and a letter may have two. */
  @Test
  void charactersThatPartsCutAreLeftOut() throws Exception {
    byte[] text = "\u00e4\u00e4\u00e4\n\u00e4b".getBytes(StandardCharsets.UTF_8);
    byte[] zip = Archives.zip(new Entry("umlauts", text));
    Path published = Files.write(folder.resolve("umlauts.zip"), zip);
    Corpora corpora = corpora(new Corpus("umlauts", "", "", "", new RemoteFile(published.toUri(), zip.length, Sha256.of(zip)),
        new Content("umlauts", text.length, Sha256.of(text)), "bytes",
        List.of(new Split("train", Unit.TOKENS, 0, 3), new Split("test", Unit.TOKENS, 3, text.length))));
    corpora.fetch(corpora.byName("umlauts"), Progress.NONE);
    assertEquals(List.of("\u00e4"), texts(new CorpusSplit(corpora, "umlauts", "train"), new Bytes(), TextUnit.LINE, 10));
    assertEquals(List.of("\u00e4", "\u00e4b"), texts(new CorpusSplit(corpora, "umlauts", "test"), new Bytes(), TextUnit.LINE, 10));
  }
}
