package org.tarflowlm.data.tokens;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.BadDocuments;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.DocumentSources;
import org.tarflowlm.data.documents.UnknownCharacters;
import org.tarflowlm.data.documents.Utf8;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.data.tokenize.ByteTokenizer;
import org.tarflowlm.data.tokenize.Tokenizer;

/** Opens a file or folder as a sequence of tokens. */
public final class TokenSequences {
  /** Above this size, text of tokenizers that are not byte-level is tokenised into the cache folder. */
  private static final int LARGEST_IN_MEMORY = 4 << 20;
  /** File systems allow names of 255 bytes. The name, in bytes, and what is added around it must fit. */
  private static final int LONGEST_NAME = 40;

  private TokenSequences() {}

  /**
   * The tokens of
   *
   * <ul>
   *   <li>a token cache (.tokens), or a folder of them ({@link TokenShards}), which must be of that tokenizer;
   *   <li>a collection of documents (folder, archive, .jsonl, see {@link DocumentSources}): tokenised into the cache folder at
   *       first, and again when it has changed, with the separator between documents;
   *   <li>a text (plain, .zip, .gz, .bz2, .xz, .zst): mapped for byte-level tokenizers; else in memory, or if it is large tokenised
   *       into the cache folder.
   * </ul>
   *
   * @throws DataException if it cannot be read or is damaged
   */
  public static TokenSequence open(InputFile input, Tokenizer tokenizer, CacheFolder cache, DocumentOptions options) {
    if (input.path().toString().endsWith(".tokens")) {
      TokenCache tokens = TokenCache.open(input.path());
      if (!tokens.tokenizer().name().equals(tokenizer.name())) {
        throw new DataException(input + " holds ids of tokenizer " + tokens.tokenizer().name() + "; expected " + tokenizer.name());
      }
      return tokens;
    }
    if (!Files.exists(input.path())) {
      throw new DataException("file " + input.path() + " does not exist");
    }
    if (TokenShards.isAt(input.path())) {
      return TokenShards.open(input.path(), tokenizer);
    }
    if (DocumentSources.isCollection(input)) {
      return cached(input, tokenizer, cache, options);
    }
    return tokenizer instanceof ByteTokenizer byteTokenizer
        ? ByteTokenFile.open(input, byteTokenizer, UnknownCharacters.FAIL)
        : openText(input, tokenizer, cache, options);
  }

  private static TokenSequence cached(InputFile input, Tokenizer tokenizer, CacheFolder cache, DocumentOptions options) {
    Path file = cacheFile(input, tokenizer, cache, options);
    try {
      Files.createDirectories(file.getParent());
    } catch (IOException e) {
      throw new DataException("cannot keep the ids of " + input + " in " + file.getParent() + ": " + IoErrors.reason(e)
          + "; TARFLOWLM_CACHE names another folder", e);
    }
    return new TokenCacheBuilder(input, tokenizer).options(options).openOrRebuild(file);
  }

  /**
   * Like {@link #open(InputFile, Tokenizer, CacheFolder, DocumentOptions)}, for a name that {@link InputFile#parse} reads, with the
   * environment's cache folder and the default options.
   */
  public static TokenSequence open(String name, Tokenizer tokenizer) {
    return open(InputFile.parse(name), tokenizer, CacheFolder.fromEnvironment(), DocumentOptions.DEFAULT);
  }

  /**
   * Where the ids of an input are kept: {@code tokens/NAME-HASH.TOKENIZER.tokens}. The hash covers the input's path, with links resolved,
   * and options that are not the default.
   */
  static Path cacheFile(InputFile input, Tokenizer tokenizer, CacheFolder cache, DocumentOptions options) {
    return IoErrors.reading(input, () -> {
      Path real = input.path().toRealPath();
      String key = real + (input.member() == null ? "" : "#" + input.member())
          + (options.bad() == BadDocuments.FAIL ? "" : "\n" + options.bad())
          + (options.textField().equals("text") ? "" : "\n" + options.textField());
      String hash = Sha256.of(key.getBytes(StandardCharsets.UTF_8)).substring(0, 12);
      String name = String.valueOf(real.getFileName());
      String shortName = name.substring(0, Math.min(name.length(), LONGEST_NAME));
      return cache.file("tokens", shortName + "-" + hash + "." + tokenizer.name() + ".tokens");
    });
  }

  private static TokenSequence openText(InputFile input, Tokenizer tokenizer, CacheFolder cache, DocumentOptions options) {
    byte[] bytes = IoErrors.reading(input, () -> {
      try (InputStream in = input.open()) {
        return in.readNBytes(LARGEST_IN_MEMORY + 1);
      }
    });
    if (bytes.length > LARGEST_IN_MEMORY) {
      return cached(input, tokenizer, cache, options);
    }
    String text = options.bad() == BadDocuments.REPLACE ? new String(bytes, StandardCharsets.UTF_8) : Utf8.decode(bytes, input, 0);
    return TokenArray.of(text, tokenizer);
  }

  /** Tokens [from, to) of another sequence. */
  record Slice(TokenSequence whole, long from, long to) implements TokenSequence {
    Slice {
      if (from < 0 || to < from || to > whole.length()) {
        throw new DataException("tokens " + from + " to " + to + " requested from a corpus of " + whole.length() + " tokens");
      }
    }

    @Override
    public long length() {
      return to - from;
    }

    @Override
    public int vocabSize() {
      return whole.vocabSize();
    }

    @Override
    public void read(long start, int[] ids, int at, int count) {
      Objects.checkFromIndexSize(start, count, length());
      whole.read(from + start, ids, at, count);
    }

    @Override
    public String contentHash() {
      return whole instanceof TokenCache
          ? Sha256.of((whole.contentHash() + " " + from + " " + to).getBytes(StandardCharsets.US_ASCII))
          : TokenSequence.super.contentHash();
    }

    @Override
    public void close() {
      whole.close();
    }
  }
}
