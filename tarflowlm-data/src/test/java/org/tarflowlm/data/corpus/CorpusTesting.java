package org.tarflowlm.data.corpus;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.data.Archives;
import org.tarflowlm.data.Archives.Entry;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.corpus.Corpus.Content;
import org.tarflowlm.data.corpus.Corpus.Split;
import org.tarflowlm.data.corpus.Corpus.Unit;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.Downloader;
import org.tarflowlm.data.file.RemoteFile;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokens.TokenSequence;

/** A small corpus at a file address, and a cache to fetch it into. */
abstract class CorpusTesting {
  @TempDir Path folder;

  @AfterEach
  void clearSwitches() {
    System.clearProperty(CacheFolder.ROOT_PROPERTY);
    System.clearProperty(CacheFolder.OFFLINE_PROPERTY);
  }

  final CacheFolder cache() {
    return new CacheFolder(folder.resolve("cache"), false);
  }

  static String message(Executable action) {
    return assertThrows(DataException.class, action).getMessage();
  }

  /** A small corpus like text8, at a file address. */
  final Corpus small() throws IOException {
    byte[] text = Excerpt.text().getBytes(StandardCharsets.US_ASCII);
    byte[] zip = Archives.zip(new Entry("small", text));
    Path published = Files.write(folder.resolve("small.zip"), zip);
    return new Corpus("small", "a test", "none", "public domain", new RemoteFile(published.toUri(), zip.length, Sha256.of(zip)),
        new Content("small", text.length, Sha256.of(text)), "text8",
        List.of(new Split("train", Unit.TOKENS, 0, 60_000), new Split("test", Unit.TOKENS, 60_000, text.length)));
  }

  final Corpora corpora(Corpus... corpora) {
    return new Corpora(cache(), new Downloader(false), List.of(corpora));
  }

  /** Three documents; the last one is held out. */
  final Corpus documents() throws IOException {
    byte[] inner = Archives.xz(Archives.tar(new Entry("1.txt", "One."), new Entry("2.txt", "Two."), new Entry("3.txt", "Three.")));
    byte[] tar = Archives.xz(Archives.tar(new Entry("openwebtext/a_data.xz", inner)));
    Path published = Files.write(folder.resolve("docs.tar.xz"), tar);
    return new Corpus("docs", "", "", "", new RemoteFile(published.toUri(), tar.length, Sha256.of(tar)),
        new Content(null, RemoteFile.UNKNOWN, null), "gpt2",
        List.of(new Split("train", Unit.DOCUMENTS, 0, -1), new Split("valid", Unit.DOCUMENTS, -1, Split.END)));
  }

  static String text(TokenSequence tokens, Tokenizer tokenizer) {
    try (tokens) {
      int[] ids = new int[(int) tokens.length()];
      tokens.read(0, ids, 0, ids.length);
      return tokenizer.decode(ids);
    }
  }
}
