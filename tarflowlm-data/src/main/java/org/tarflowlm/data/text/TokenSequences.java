package org.tarflowlm.data.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.data.tokenize.ByteTokenizer;
import org.tarflowlm.data.tokenize.Tokenizer;

/** Opens a file or folder as a sequence of tokens. */
public final class TokenSequences {
  /** Larger texts of tokenizers that are not byte-level are tokenised into the cache folder. */
  private static final int LARGEST_IN_MEMORY = 4 << 20;

  private TokenSequences() {}

  /**
   * The tokens of
   *
   * <ul>
   *   <li>a token cache (.tokens), which must be of that tokenizer;
   *   <li>a collection of documents (folder, .tar, .tar.xz, .jsonl, see {@link DocumentSources}): tokenised into the cache folder
   *       at first, with the separator between documents;
   *   <li>a text (plain, .zip, .gz, .bz2, .xz): mapped for byte-level tokenizers; else in memory, or if it is large tokenised into
   *       the cache folder.
   * </ul>
   *
   * @throws DataException if it cannot be read, is damaged, or has changed since it was tokenised
   */
  public static TokenSequence open(InputFile input, Tokenizer tokenizer, CacheFolder cache) {
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
    if (DocumentSources.isCollection(input.path())) {
      return new TokenCacheBuilder(input, tokenizer).openOrBuild(cacheFile(input, tokenizer, cache));
    }
    return tokenizer instanceof ByteTokenizer byteTokenizer
        ? ByteTokenFile.open(input, byteTokenizer, Foreign.FAIL)
        : openText(input, tokenizer, cache);
  }

  /** As {@link #open(InputFile, Tokenizer, CacheFolder)} with the cache folder of the environment. */
  public static TokenSequence open(InputFile input, Tokenizer tokenizer) {
    return open(input, tokenizer, CacheFolder.fromEnvironment());
  }

  /** As {@link #open(InputFile, Tokenizer)}, the file named as {@link InputFile#parse} reads it. */
  public static TokenSequence open(String name, Tokenizer tokenizer) {
    return open(InputFile.parse(name), tokenizer);
  }

  /** Where the ids of an input are kept: {@code tokens/NAME-HASH.TOKENIZER.tokens}, the hash being of the input's path. */
  public static Path cacheFile(InputFile input, Tokenizer tokenizer, CacheFolder cache) {
    String path = input.path().toAbsolutePath().normalize() + (input.member() == null ? "" : "#" + input.member());
    String hash = Sha256.of(path.getBytes(StandardCharsets.UTF_8)).substring(0, 12);
    return cache.file("tokens", input.path().getFileName() + "-" + hash + "." + tokenizer.name() + ".tokens");
  }

  private static TokenSequence openText(InputFile input, Tokenizer tokenizer, CacheFolder cache) {
    try (InputStream in = input.open()) {
      byte[] bytes = in.readNBytes(LARGEST_IN_MEMORY + 1);
      return bytes.length > LARGEST_IN_MEMORY
          ? new TokenCacheBuilder(input, tokenizer).openOrBuild(cacheFile(input, tokenizer, cache))
          : TokenArray.of(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString(), tokenizer);
    } catch (CharacterCodingException e) {
      throw new DataException(input + " is not valid UTF-8", e);
    } catch (IOException e) {
      throw IoErrors.unreadable(input, e);
    }
  }
}
