package org.tarflowlm.data.tokens;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;

/**
 * A folder of token caches that together form one. Their documents follow each other, with the separator between, as in a cache of the
 * whole corpus. The file {@value #INDEX}, written last, lists them.
 */
public final class TokenShards implements TokenSequence {
  /** Name of the file that marks a folder of shards. */
  public static final String INDEX = "shards.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Index index;
  private final List<TokenCache> shards;
  /** Start of each shard, and at the end the total length, [shards + 1]. */
  private final long[] starts;
  private final int separator;

  /**
   * Content of {@value #INDEX}.
   *
   * @param tokenizer its name
   * @param documents number in all shards
   * @param shards in the order of their documents
   */
  public record Index(String tokenizer, long documents, List<Shard> shards) {}

  /**
   * One shard.
   *
   * @param file name in the folder
   * @param tokens ids in it
   * @param documents documents in it
   */
  public record Shard(String file, long tokens, long documents) implements Serializable {}

  private TokenShards(Path folder, Index index) {
    this.index = index;
    this.separator = Tokenizers.byName(index.tokenizer()).separator();
    this.shards = new ArrayList<>();
    this.starts = new long[index.shards().size() + 1];
    for (int i = 0; i < index.shards().size(); i++) {
      Shard shard = index.shards().get(i);
      TokenCache cache = TokenCache.open(folder.resolve(shard.file()));
      if (!cache.tokenizer().name().equals(index.tokenizer()) || cache.length() != shard.tokens()) {
        throw new DataException(folder.resolve(shard.file()) + " holds " + cache.length() + " ids of tokenizer " + cache.tokenizer().name()
            + "; expected " + shard.tokens() + " of " + index.tokenizer());
      }
      shards.add(cache);
      starts[i + 1] = starts[i] + cache.length() + 1;
    }
    starts[shards.size()]--; // no separator after the last
  }

  /** Whether a folder holds shards. */
  static boolean isAt(Path folder) {
    return Files.isRegularFile(folder.resolve(INDEX));
  }

  /**
   * Opens the shards of a folder as one sequence.
   *
   * @throws DataException if one is missing, damaged, or of another tokenizer
   */
  public static TokenShards open(Path folder, Tokenizer tokenizer) {
    TokenShards opened = open(folder);
    if (!opened.index.tokenizer().equals(tokenizer.name())) {
      throw new DataException(folder + " holds ids of tokenizer " + opened.index.tokenizer() + "; expected " + tokenizer.name());
    }
    return opened;
  }

  /** Like {@link #open(Path, Tokenizer)}, for any tokenizer. */
  public static TokenShards open(Path folder) {
    return IoErrors.reading(folder.resolve(INDEX), () -> {
      Index index = JSON.readValue(folder.resolve(INDEX).toFile(), Index.class);
      if (index.tokenizer() == null || index.shards() == null || index.shards().isEmpty()) {
        throw new DataException(folder.resolve(INDEX) + " lists no shards; expected tokenizer, documents and shards");
      }
      return new TokenShards(folder, index);
    });
  }

  /** Number of documents in all shards. */
  public long documents() {
    return index.documents();
  }

  @Override
  public long length() {
    return starts[shards.size()];
  }

  @Override
  public int vocabSize() {
    return shards.get(0).vocabSize();
  }

  @Override
  public void read(long from, int[] ids, int at, int count) {
    Objects.checkFromIndexSize(from, count, length());
    int found = Arrays.binarySearch(starts, 0, shards.size(), from);
    int shard = found < 0 ? -found - 2 : found; // the last shard that starts at or before this token
    long place = from - starts[shard];
    for (int done = 0; done < count;) {
      long left = shards.get(shard).length() - place;
      int n = (int) Math.min(count - done, Math.max(0, left));
      shards.get(shard).read(place, ids, at + done, n);
      done += n;
      if (done < count) {
        ids[at + done++] = separator;
        shard++;
        place = 0;
      }
    }
  }

  /** Hash of the shards' hashes, which is fast. The same ids in other shards have another hash. */
  @Override
  public String contentHash() {
    StringBuilder hashes = new StringBuilder();
    shards.forEach(each -> hashes.append(each.length()).append(' ').append(each.contentHash()).append('\n'));
    return Sha256.of(hashes.toString().getBytes(StandardCharsets.US_ASCII));
  }

  @Override
  public void close() {
    shards.forEach(TokenCache::close);
  }
}
