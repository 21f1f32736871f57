package org.tarflowlm.data.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tarflowlm.data.corpus.Corpus.Content;
import org.tarflowlm.data.corpus.Corpus.Split;
import org.tarflowlm.data.corpus.Corpus.Unit;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.Progress;
import org.tarflowlm.data.file.RemoteFile;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.data.tokenize.Bytes;
import org.tarflowlm.data.tokenize.Gpt2Bpe;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokens.TokenSequence;

/** Corpora are listed, fetched, checked and split. */
class CorporaTest extends CorpusTesting {
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

  @Test
  void openWebTextIsSplitAsInTheLiterature() {
    Corpus corpus = new Corpora(cache()).byName("openwebtext");
    assertEquals("all documents but the last 100,000", corpus.split("train").size());
    assertEquals("the last 100,000 documents", corpus.split("valid").size());
    assertEquals("90,000,000 tokens", new Corpora(cache()).byName("text8").split("train").size());
    assertEquals("openwebtext:train, openwebtext:valid", corpus.partNames());
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
