package org.tarflowlm.data.corpus;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.corpus.Corpus.Content;
import org.tarflowlm.data.corpus.Corpus.Split;
import org.tarflowlm.data.corpus.Corpus.Unit;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.Downloader;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.file.Progress;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.data.tokenize.ByteTokenizer;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokens.TokenCache;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.data.tokens.TokenSequences;

/** The corpora known by name, and their files in the cache folder ({@code corpora/NAME/}). */
public final class Corpora {
  private static final String RESOURCE = "corpora.json";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Logger LOG = LogManager.getLogger(Corpora.class);
  /** At least two characters: a single letter before a colon is a drive. */
  private static final Pattern PART = Pattern.compile("(" + Corpus.NAME + "):([A-Za-z0-9_.-]+)");

  private final CacheFolder cache;
  private final Downloader downloader;
  private final List<Corpus> corpora;
  private final DocumentOptions options;

  /**
   * The standard corpora, and those that {@code corpora.json} in the cache folder adds: an array of {@link Corpus}. An entry with a
   * standard corpus's name replaces it, for example to give another address.
   *
   * @throws DataException if that file exists and is not such an array
   */
  public Corpora(CacheFolder cache) {
    this(cache, new Downloader(cache.offline()), withFile(cache.file(RESOURCE)));
  }

  /** {@link #Corpora(CacheFolder)} with the cache folder of the environment. */
  public static Corpora fromEnvironment() {
    return new Corpora(CacheFolder.fromEnvironment());
  }

  /** With the given corpora instead of the standard ones. */
  public Corpora(CacheFolder cache, Downloader downloader, List<Corpus> corpora) {
    this(cache, downloader, corpora, DocumentOptions.DEFAULT);
  }

  private Corpora(CacheFolder cache, Downloader downloader, List<Corpus> corpora, DocumentOptions options) {
    this.cache = cache;
    this.downloader = downloader;
    this.corpora = List.copyOf(corpora);
    this.options = options;
  }

  /** A copy that reads documents with these options. */
  public Corpora with(DocumentOptions choice) {
    return new Corpora(cache, downloader, corpora, choice);
  }

  /** The file's corpora and the known ones; the file's replace known ones of the same name. */
  private static List<Corpus> withFile(Path file) {
    List<Corpus> all = new ArrayList<>();
    try (InputStream known = Corpora.class.getResourceAsStream(RESOURCE)) {
      if (Files.exists(file)) {
        all.addAll(List.of(JSON.readValue(file.toFile(), Corpus[].class)));
      }
      List<String> names = all.stream().map(Corpus::name).toList();
      Arrays.stream(JSON.readValue(known, Corpus[].class)).filter(corpus -> !names.contains(corpus.name())).forEach(all::add);
      return all;
    } catch (JsonProcessingException e) {
      throw new DataException(file + ": " + (e.getCause() instanceof DataException cause ? cause.getMessage() : e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw IoErrors.unreadable(file, e);
    }
  }

  /** All known corpora. */
  public List<Corpus> all() {
    return corpora;
  }

  /** @throws DataException if there is no corpus of that name */
  public Corpus byName(String name) {
    return corpora.stream().filter(c -> c.name().equals(name)).findFirst().orElseThrow(() -> new DataException("corpus \"" + name
        + "\" is not known; expected one of " + String.join(", ", corpora.stream().map(Corpus::name).toList())));
  }

  /** Where the corpus's file is, or would be. */
  public Path file(Corpus corpus) {
    return cache.file("corpora", corpus.name(), corpus.fileName());
  }

  /** Whether the file exists with the expected length; its hash is not compared. */
  public boolean isFetched(Corpus corpus) {
    return Downloader.isComplete(corpus.archive(), file(corpus));
  }

  /**
   * Fetches the corpus if it is missing; see {@link Downloader#fetch}.
   *
   * @throws DataException if it cannot be fetched
   */
  public Path fetch(Corpus corpus, Progress progress) {
    return downloader.fetch(corpus.archive(), file(corpus), progress);
  }

  /**
   * Reads the corpus's whole file and compares lengths and hashes, both of the archive and of the text in it.
   *
   * @throws DataException if anything differs, or the file does not exist
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
      String hash = contentHash(text);
      if (!hash.equals(content.sha256())) {
        throw new DataException("SHA-256 of " + text + " is " + hash + "; expected " + content.sha256());
      }
    }
  }

  /**
   * Opens a part of a fetched corpus with the tokenizer that the literature uses for it. The first call tokenises a collection of
   * documents into the cache folder.
   *
   * @param splitName train, valid or test
   * @throws DataException if there is no part of that name, or the corpus is not in the cache or shorter than its parts
   */
  public TokenSequence open(Corpus corpus, String splitName) {
    return open(corpus, splitName, corpus.tokenizer());
  }

  /**
   * Like {@link #open(Corpus, String)}, with another tokenizer. A part measured in bytes needs a byte-level tokenizer.
   *
   * @throws DataException as there, and if the part cannot be cut with that tokenizer
   */
  public TokenSequence open(Corpus corpus, String splitName, Tokenizer tokenizer) {
    Split split = corpus.split(splitName);
    if (!isFetched(corpus)) {
      throw new DataException("corpus " + corpus.name() + " is not in the cache (" + file(corpus) + "); fetch it first: tarflowlm data "
          + "fetch " + corpus.name());
    }
    if (split.unit() == Unit.TOKENS && !tokenizer.name().equals(corpus.tokenizerName())
        && !(tokenizer instanceof ByteTokenizer && corpus.tokenizer() instanceof ByteTokenizer)) {
      throw new DataException(corpus.name() + ":" + splitName + " is cut by tokens of tokenizer " + corpus.tokenizerName()
          + "; it cannot be opened with " + tokenizer.name());
    }
    TokenSequence tokens = TokenSequences.open(new InputFile(file(corpus), corpus.content().member()), tokenizer, cache, options);
    if (split.unit() == Unit.TOKENS) {
      return tokens.slice(split.from(), split.to() == Split.END ? tokens.length() : split.to());
    }
    TokenCache documents = (TokenCache) tokens;
    return documents.documents(position(split.from(), documents.documents()), position(split.to(), documents.documents()));
  }

  /**
   * Opens a text by name. A file of that name comes first; else {@code CORPUS:PART}, such as {@code text8:test}, is a part of a corpus.
   * Files open as in {@link TokenSequences#open(String, Tokenizer)}.
   *
   * @throws DataException if there is no such corpus, part or file, or the corpus is not in the cache
   */
  public TokenSequence open(String name, Tokenizer tokenizer) {
    if (new File(name).exists()) {
      return TokenSequences.open(InputFile.parse(name), tokenizer, cache, options);
    }
    Matcher part = PART.matcher(name);
    if (part.matches()) {
      return open(byName(part.group(1)), part.group(2), tokenizer);
    }
    corpora.stream().filter(corpus -> corpus.name().equals(name)).findFirst().ifPresent(corpus -> {
      throw new DataException(name + " is a corpus, not a file; expected one of its parts: " + corpus.partNames());
    });
    return TokenSequences.open(InputFile.parse(name), tokenizer, cache, options);
  }

  /** Like {@link #open(String, Tokenizer)}, for training: also logs the warning of {@link #wholeCorpus}, if there is one. */
  public TokenSequence openForTraining(String name, Tokenizer tokenizer) {
    TokenSequence tokens = open(name, tokenizer);
    wholeCorpus(name).ifPresent(LOG::warn);
    return tokens;
  }

  /** If a file is a whole corpus: a warning that it includes the test text, and the names of the corpus's parts. */
  Optional<String> wholeCorpus(String name) {
    InputFile input = InputFile.parse(name);
    return corpora.stream().filter(corpus -> isWhole(corpus, input)).findFirst().map(corpus -> name + " is all of " + corpus.name()
        + ", including the part " + corpus.name() + ":" + corpus.splits().get(corpus.splits().size() - 1).name()
        + " that models are tested on; to train on a part, put the file at " + file(corpus) + " and name one of " + corpus.partNames());
  }

  /** Whether a file is the corpus as published, recognised by length, or its unpacked text, recognised by length and hash. */
  private static boolean isWhole(Corpus corpus, InputFile input) {
    if (!Files.isRegularFile(input.path()) || corpus.splits().size() < 2) {
      return false;
    }
    long length = IoErrors.reading(input, () -> Files.size(input.path()));
    return length == corpus.archive().length()
        || length == corpus.content().length() && corpus.content().sha256() != null
            && contentHash(input).equals(corpus.content().sha256());
  }

  private static String contentHash(InputFile text) {
    return IoErrors.reading(text, () -> {
      try (InputStream in = text.open()) {
        return Sha256.of(in);
      }
    });
  }

  private static long position(long document, long documents) {
    return document < 0 ? documents + document : Math.min(document, documents);
  }
}
