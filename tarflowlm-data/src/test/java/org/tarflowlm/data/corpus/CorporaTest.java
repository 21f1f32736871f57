package org.tarflowlm.data.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.datavec.api.writable.NDArrayWritable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.data.Archives;
import org.tarflowlm.data.Archives.Entry;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.corpus.Corpus.Content;
import org.tarflowlm.data.corpus.Corpus.Split;
import org.tarflowlm.data.corpus.Corpus.Unit;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.documents.TextUnit;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.Downloader;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.Progress;
import org.tarflowlm.data.file.RemoteFile;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.data.tokenize.Bytes;
import org.tarflowlm.data.tokenize.Gpt2Bpe;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.data.windows.Text8RecordReader;
import org.tarflowlm.data.windows.TextSequenceRecordReader;

class CorporaTest {
  @TempDir private Path folder;

  @AfterEach
  void clearSwitches() {
    System.clearProperty(CacheFolder.ROOT_PROPERTY);
    System.clearProperty(CacheFolder.OFFLINE_PROPERTY);
  }

  private CacheFolder cache() {
    return new CacheFolder(folder.resolve("cache"), false);
  }

  private static String message(Executable action) {
    return assertThrows(DataException.class, action).getMessage();
  }

  /** A small corpus like text8, at a file address. */
  private Corpus small() throws IOException {
    byte[] text = Excerpt.text().getBytes(StandardCharsets.US_ASCII);
    byte[] zip = Archives.zip(new Entry("small", text));
    Path published = Files.write(folder.resolve("small.zip"), zip);
    return new Corpus("small", "a test", "none", "public domain", new RemoteFile(published.toUri(), zip.length, Sha256.of(zip)),
        new Content("small", text.length, Sha256.of(text)), "text8",
        List.of(new Split("train", Unit.TOKENS, 0, 60_000), new Split("test", Unit.TOKENS, 60_000, text.length)));
  }

  private Corpora corpora(Corpus... corpora) {
    return new Corpora(cache(), new Downloader(false), List.of(corpora));
  }

  @Test
  void theLiteraturesCorpora() {
    Corpora corpora = new Corpora(cache());
    assertEquals(List.of("text8", "enwik8", "openwebtext"), corpora.all().stream().map(Corpus::name).toList());
    for (Corpus corpus : corpora.all()) {
      assertEquals(64, corpus.archive().sha256().length());
      assertTrue(corpus.archive().length() > 0);
      assertFalse(corpora.isFetched(corpus));
    }
    for (String name : List.of("text8", "enwik8")) {
      Corpus corpus = corpora.byName(name);
      assertEquals(100_000_000, corpus.content().length());
      assertEquals(new Split("train", Unit.TOKENS, 0, 90_000_000), corpus.split("train"));
      assertEquals(new Split("valid", Unit.TOKENS, 90_000_000, 95_000_000), corpus.split("valid"));
      assertEquals(new Split("test", Unit.TOKENS, 95_000_000, 100_000_000), corpus.split("test"));
    }
    assertTrue(message(() -> corpora.byName("text9")).contains("expected one of text8, enwik8, openwebtext"));
    assertTrue(message(() -> corpora.byName("openwebtext").split("test")).contains("expected one of train, valid"));
  }

  @Test
  void fetchVerifyAndOpen() throws IOException {
    Corpus small = small();
    Corpora corpora = corpora(small);
    assertTrue(message(() -> corpora.verify(small)).contains("not in the cache"));
    assertTrue(message(() -> corpora.open(small, "train")).contains("fetch it first"));
    Path file = corpora.fetch(small, Progress.NONE);
    assertEquals(folder.resolve("cache/corpora/small/small.zip"), file);
    assertTrue(corpora.isFetched(small));
    corpora.verify(small);
    TokenSequence test = corpora.open(small, "test");
    assertEquals(Excerpt.text().length() - 60_000, test.length());
    int[] ids = new int[20];
    test.read(0, ids, 0, 20);
    assertEquals(Excerpt.text().substring(60_000, 60_020), new Text8Alphabet().decode(ids));
  }

  @Test
  void verifyFindsWhatIsWrong() throws IOException {
    Corpus small = small();
    Corpora corpora = corpora(small);
    Path file = corpora.fetch(small, Progress.NONE);
    byte[] zip = Files.readAllBytes(file);
    zip[zip.length / 2] ^= 1;
    Files.write(file, zip);
    assertTrue(message(() -> corpora.verify(small)).contains("SHA-256 of " + file + " is " + Sha256.of(zip)));
    Files.write(file, new byte[10]);
    assertTrue(message(() -> corpora.verify(small)).contains("has 10 bytes; expected " + small.archive().length()));
    Corpus other = new Corpus("small", "", "", "", small.archive(), new Content("small", 1, "0".repeat(64)), "text8", small.splits());
    Files.delete(file);
    corpora(other).fetch(other, Progress.NONE);
    assertTrue(message(() -> corpora(other).verify(other)).contains("small.zip#small is"), "the text in the archive");
  }

  /** Three documents, the last one held out. */
  private Corpus documents() throws IOException {
    byte[] inner = Archives.xz(Archives.tar(new Entry("1.txt", "One."), new Entry("2.txt", "Two."), new Entry("3.txt", "Three.")));
    byte[] tar = Archives.xz(Archives.tar(new Entry("openwebtext/a_data.xz", inner)));
    Path published = Files.write(folder.resolve("docs.tar.xz"), tar);
    return new Corpus("docs", "", "", "", new RemoteFile(published.toUri(), tar.length, Sha256.of(tar)),
        new Content(null, RemoteFile.UNKNOWN, null), "gpt2",
        List.of(new Split("train", Unit.DOCUMENTS, 0, -1), new Split("valid", Unit.DOCUMENTS, -1, Split.END)));
  }

  @Test
  void collectionsOfDocumentsAreSplitByDocument() throws IOException {
    Corpus docs = documents();
    Corpora corpora = corpora(docs);
    corpora.fetch(docs, Progress.NONE);
    corpora.verify(docs);
    for (String[] expected : new String[][] {{"train", "One.<|endoftext|>Two."}, {"valid", "Three."}}) {
      TokenSequence part = corpora.open(docs, expected[0]);
      int[] ids = new int[(int) part.length()];
      part.read(0, ids, 0, ids.length);
      assertEquals(expected[1], new Gpt2Bpe().decode(ids));
    }
  }

  @Test
  void switchesOfTheEnvironment() {
    System.setProperty(CacheFolder.ROOT_PROPERTY, folder.toString());
    assertFalse(CacheFolder.fromEnvironment().offline());
    System.setProperty(CacheFolder.OFFLINE_PROPERTY, "true");
    assertEquals(new CacheFolder(folder, true), CacheFolder.fromEnvironment());
    for (String off : List.of("", "0", "false", "No")) {
      System.setProperty(CacheFolder.OFFLINE_PROPERTY, off);
      assertFalse(CacheFolder.fromEnvironment().offline(), off);
    }
    System.setProperty(CacheFolder.OFFLINE_PROPERTY, "1");
    Corpora offline = new Corpora(CacheFolder.fromEnvironment());
    String message = message(() -> offline.fetch(offline.byName("text8"), Progress.NONE));
    assertTrue(message.contains("text8.zip is not there, and the offline switch"), message);
  }

  @Test
  void statistics() throws IOException {
    InputFile text = InputFile.of(Files.writeString(folder.resolve("t.txt"), "abab Ba b"));
    CorpusStats stats = CorpusStats.of(text, new Text8Alphabet(), DocumentOptions.DEFAULT);
    assertEquals(8, stats.tokens());
    assertEquals(3, stats.distinct());
    assertEquals(1, stats.foreign());
    assertEquals(5, stats.firstForeign());
    double p = 3.0 / 8;
    assertEquals(-2 * p * Math.log(p) / Math.log(2) + 0.5, stats.unigramBits(), 1e-12);
    assertEquals(256, CorpusStats.of(text, new Bytes(), DocumentOptions.DEFAULT).vocabSize());
    String lines = "{\"text\":\"one\"}\n{\"text\":\"\"}\n{\"text\":\"two\"}\n";
    InputFile docs = InputFile.of(Files.writeString(folder.resolve("d.jsonl"), lines));
    CorpusStats documents = CorpusStats.of(docs, new Gpt2Bpe(), DocumentOptions.DEFAULT);
    assertEquals(2, documents.documents());
    assertEquals(3, documents.tokens());
    assertEquals(Math.log(3) / Math.log(2), documents.unigramBits(), 1e-12);
  }

  @Test
  void addressesAreChecked() {
    assertTrue(message(() -> new RemoteFile(URI.create("text8.zip"), 1, null)).contains("expected http, https or file"));
  }

  private static String text(TokenSequence tokens, Tokenizer tokenizer) {
    try (tokens) {
      int[] ids = new int[(int) tokens.length()];
      tokens.read(0, ids, 0, ids.length);
      return tokenizer.decode(ids);
    }
  }

  @Test
  void openWebTextIsSplitAsInTheLiterature() {
    Corpus corpus = new Corpora(cache()).byName("openwebtext");
    assertEquals("all documents but the last 100,000", corpus.split("train").size());
    assertEquals("the last 100,000 documents", corpus.split("valid").size());
    assertEquals("90,000,000 tokens", new Corpora(cache()).byName("text8").split("train").size());
    assertEquals("openwebtext:train, openwebtext:valid", corpus.partNames());
  }

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

  /** The bounds of parts count bytes, and a letter may have two. */
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

  @Test
  void corporaOfAFile() throws IOException {
    Corpus small = small();
    Path file = Files.createDirectories(cache().root()).resolve("corpora.json");
    Files.writeString(file, """
        [{"name": "small", "archive": {"uri": "%s", "length": %d, "sha256": "%s"}, "content": {"member": "small", "length": %d},
          "tokenizerName": "text8", "splits": [{"name": "train", "unit": "TOKENS", "to": 60000}, {"name": "test", "unit": "TOKENS",
          "from": 60000}]}]
        """.formatted(small.archive().uri(), small.archive().length(), small.archive().sha256(), Excerpt.text().length()));
    Corpora corpora = new Corpora(cache());
    assertEquals(List.of("small", "text8", "enwik8", "openwebtext"), corpora.all().stream().map(Corpus::name).toList());
    corpora.fetch(corpora.byName("small"), Progress.NONE);
    assertEquals(Excerpt.text().substring(60_000), text(corpora.open("small:test", new Text8Alphabet()), new Text8Alphabet()));

    String json = Files.readString(file);
    Files.writeString(file, json.replace("\"small\", \"archive\"", "\"text8\", \"archive\""));
    assertEquals(List.of("text8", "enwik8", "openwebtext"), new Corpora(cache()).all().stream().map(Corpus::name).toList());
    Files.writeString(file, json.replace("\"small\", \"archive\"", "\"../small\", \"archive\""));
    assertTrue(message(() -> new Corpora(cache())).contains("corpora.json: name of a corpus is \"../small\""));
    Files.writeString(file, json.replace("tokenizerName", "tokenizer"));
    assertTrue(message(() -> new Corpora(cache())).contains("corpora.json: corpus small lacks tokenizerName"));
    Files.writeString(file, json.replace("[{", "[{\"colour\": 1, "));
    assertTrue(message(() -> new Corpora(cache())).contains("corpora.json: Unrecognized field \"colour\""));
    Files.writeString(file, "[{}]");
    assertTrue(message(() -> new Corpora(cache())).contains("name of a corpus is \"null\""));
  }
}
