package org.tarflowlm.data.corpus;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.corpus.Corpus.Content;
import org.tarflowlm.data.corpus.Corpus.Split;
import org.tarflowlm.data.corpus.Corpus.Unit;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.Downloader;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.file.Progress;
import org.tarflowlm.data.file.RemoteFile;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.data.text.TokenCache;
import org.tarflowlm.data.text.TokenSequence;
import org.tarflowlm.data.text.TokenSequences;

/** The corpora that are known by name, and their files in the cache folder ({@code corpora/NAME/}). */
public final class Corpora {
  private static final List<Corpus> ALL = List.of(
      new Corpus("text8", "100 million characters of English Wikipedia in 27 symbols", "http://mattmahoney.net/dc/textdata.html",
          "CC BY-SA 3.0 / GFDL",
          new RemoteFile(URI.create("http://mattmahoney.net/dc/text8.zip"), 31_344_016,
              "a6640522afe85d1963ad56c05b0ede0a0c000dddc9671758a6cc09b7a38e5232"),
          new Content("text8", 100_000_000, "6e890197040d37d85beb962ae1f041ff1d9a9ca8d20c7d99c85027eebf51dca7"),
          "text8", split90And5And5Million()),
      new Corpus("enwik8", "100 million bytes of English Wikipedia's XML", "http://mattmahoney.net/dc/textdata.html",
          "CC BY-SA 3.0 / GFDL",
          new RemoteFile(URI.create("http://mattmahoney.net/dc/enwik8.zip"), 36_445_475,
              "547994d9980ebed1288380d652999f38a14fe291a6247c157c3d33d4932534bc"),
          new Content("enwik8", 100_000_000, "2b49720ec4d78c3c9fabaee6e4179a5e997302b3a70029f30f2d582218c024a8"),
          "bytes", split90And5And5Million()),
      new Corpus("openwebtext", "8,013,769 web pages that Reddit linked to", "https://skylion007.github.io/OpenWebTextCorpus/",
          "packaging CC0; the pages have their own",
          new RemoteFile(URI.create("https://zenodo.org/record/3834942/files/openwebtext.tar.xz"), 12_880_027_468L,
              "9fe39d154c5bc67da8c359415372b79510eb1e2edb0d035fe4f7fc3a732b9336"),
          new Content(null, RemoteFile.UNKNOWN, null),
          // The literature has no fixed split. Held out here: the last 4,007 documents, 0.05 %.
          "gpt2", List.of(new Split("train", Unit.DOCUMENTS, 0, -4_007), new Split("valid", Unit.DOCUMENTS, -4_007, Split.END))));

  private final CacheFolder cache;
  private final Downloader downloader;
  private final List<Corpus> corpora;

  /** The known corpora in a cache folder. */
  public Corpora(CacheFolder cache) {
    this(cache, new Downloader(cache.offline()), ALL);
  }

  /** For corpora of one's own. */
  public Corpora(CacheFolder cache, Downloader downloader, List<Corpus> corpora) {
    this.cache = cache;
    this.downloader = downloader;
    this.corpora = List.copyOf(corpora);
  }

  private static List<Split> split90And5And5Million() {
    return List.of(new Split("train", Unit.TOKENS, 0, 90_000_000), new Split("valid", Unit.TOKENS, 90_000_000, 95_000_000),
        new Split("test", Unit.TOKENS, 95_000_000, 100_000_000));
  }

  public List<Corpus> all() {
    return corpora;
  }

  /** @throws DataException if there is none of that name */
  public Corpus byName(String name) {
    return corpora.stream().filter(c -> c.name().equals(name)).findFirst().orElseThrow(() -> new DataException("corpus \"" + name
        + "\" is not known; expected one of " + String.join(", ", corpora.stream().map(Corpus::name).toList())));
  }

  /** Where the corpus's file is or would be. */
  public Path file(Corpus corpus) {
    return cache.file("corpora", corpus.name(), corpus.fileName());
  }

  /** Whether the file is there, complete as far as its length tells. */
  public boolean isFetched(Corpus corpus) {
    try {
      Path file = file(corpus);
      return Files.isRegularFile(file)
          && (corpus.archive().length() == RemoteFile.UNKNOWN || Files.size(file) == corpus.archive().length());
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Fetches the corpus unless it is there; see {@link Downloader#fetch}.
   *
   * @throws DataException if it cannot be had
   */
  public Path fetch(Corpus corpus, Progress progress) {
    return downloader.fetch(corpus.archive(), file(corpus), progress);
  }

  /**
   * Reads the corpus's file whole and compares lengths and hashes, of the archive and of the text in it.
   *
   * @throws DataException if anything differs, or the file is not there
   */
  public void verify(Corpus corpus) {
    Path file = file(corpus);
    if (!Files.exists(file)) {
      throw new DataException("corpus " + corpus.name() + " is not in the cache: " + file + " does not exist");
    }
    Downloader.check(corpus.archive(), file);
    Content content = corpus.content();
    if (content.sha256() != null) {
      InputFile text = new InputFile(file, content.member());
      String hash;
      try (InputStream in = text.open()) {
        hash = Sha256.of(in);
      } catch (IOException e) {
        throw IoErrors.unreadable(text, e);
      }
      if (!hash.equals(content.sha256())) {
        throw new DataException("SHA-256 of " + text + " is " + hash + "; expected " + content.sha256());
      }
    }
  }

  /**
   * The tokens of a part of a corpus that has been fetched. Collections of documents are tokenised into the cache folder at
   * first.
   *
   * @param splitName train, valid or test
   */
  public TokenSequence open(Corpus corpus, String splitName) {
    Split split = corpus.split(splitName);
    if (!isFetched(corpus)) {
      throw new DataException("corpus " + corpus.name() + " is not in the cache (" + file(corpus) + "); fetch it first");
    }
    TokenSequence tokens = TokenSequences.open(new InputFile(file(corpus), corpus.content().member()), corpus.tokenizer(), cache);
    if (split.unit() == Unit.TOKENS) {
      return tokens.slice(split.from(), split.to());
    }
    TokenCache documents = (TokenCache) tokens;
    return documents.documents(position(split.from(), documents.documents()), position(split.to(), documents.documents()));
  }

  private static long position(long document, long documents) {
    return document < 0 ? documents + document : Math.min(document, documents);
  }
}
