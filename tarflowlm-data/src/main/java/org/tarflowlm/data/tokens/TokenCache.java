package org.tarflowlm.data.tokens;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.file.MappedFile;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.data.tokenize.ByteTokenizer;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;

/**
 * The ids of a whole corpus in a memory-mapped file, so that an epoch reads ids instead of tokenising. {@link TokenCacheBuilder} builds
 * it.
 *
 * <p>Format, little-endian: {@code TARFTOK1}; length and CRC-32C of the JSON, 4 bytes each; JSON padded with zeros to byte 4096
 * (tokenizer, vocabSize, tokens, documents, blockTokens, the source's name, length, time and SHA-256); the ids as unsigned 16-bit numbers
 * with the tokenizer's separator between documents; a CRC-32C for each block of {@value #BLOCK_TOKENS} ids. A block is checked on first
 * use.
 */
public final class TokenCache implements TokenSequence {
  static final int BLOCK_TOKENS = 1 << 16;
  private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final Path path;
  private final MappedFile file;
  private final TokenCacheHeader header;
  /** Blocks whose checksum was right. Racing threads may check a block twice, which does no harm. */
  private final boolean[] checked;
  private final ThreadLocal<byte[]> buffer = ThreadLocal.withInitial(() -> new byte[2 * BLOCK_TOKENS]);

  /** The cache was made from another source, or in another way. */
  static final class StaleCacheException extends DataException {
    private static final long serialVersionUID = 1L;

    StaleCacheException(String message) {
      super(message);
    }
  }

  private TokenCache(Path path) throws IOException {
    this.path = path;
    this.file = new MappedFile(path);
    byte[] head = new byte[(int) Math.min(TokenCacheHeader.BYTES, file.length())];
    file.read(0, head, 0, head.length);
    this.header = TokenCacheHeader.parse(head, path);
    if (file.length() != header.fileLength()) {
      throw new DataException(path + " is damaged: it has " + file.length() + " bytes; its header announces " + header.fileLength());
    }
    this.checked = new boolean[header.blocks()];
  }

  /**
   * Opens a cache.
   *
   * @throws DataException if it is missing, damaged, or not a token cache
   */
  public static TokenCache open(Path path) {
    if (!Files.isRegularFile(path)) {
      throw new DataException("token cache " + path + " does not exist");
    }
    return IoErrors.reading(path, () -> new TokenCache(path));
  }

  /**
   * Opens a cache and checks its source and tokenizer.
   *
   * @throws DataException also if another tokenizer made it, or if the source has changed since
   */
  public static TokenCache open(Path path, InputFile source, Tokenizer tokenizer) {
    TokenCache cache = open(path);
    if (!cache.header.tokenizer().equals(tokenizer.name()) || cache.header.vocabSize() != tokenizer.vocabSize()) {
      throw new DataException(path + " holds ids of tokenizer " + cache.header.tokenizer() + " (" + cache.header.vocabSize()
          + " ids); expected " + tokenizer.name() + " (" + tokenizer.vocabSize() + ")");
    }
    SourceStamp stamp = cache.header.source();
    if (!stamp.matches(source)) {
      throw new StaleCacheException(path + " is stale: " + source + " is not the file of " + stamp.length() + " bytes and SHA-256 "
          + stamp.sha256() + " that it was made from; delete the cache to rebuild it");
    }
    return cache;
  }

  /** The tokenizer that made the ids. */
  public Tokenizer tokenizer() {
    return Tokenizers.byName(header.tokenizer());
  }

  /** Reader version and options that made the ids; null in older caches. */
  String made() {
    return header.made();
  }

  /** Number of documents in the corpus. */
  public long documents() {
    return header.documents();
  }

  @Override
  public long length() {
    return header.tokens();
  }

  @Override
  public int vocabSize() {
    return header.vocabSize();
  }

  @Override
  public void read(long from, int[] ids, int at, int count) {
    Objects.checkFromIndexSize(from, count, length());
    checkBlocks(from, count);
    byte[] bytes = buffer.get();
    for (int done = 0; done < count;) {
      int n = Math.min(count - done, bytes.length / 2);
      file.read(TokenCacheHeader.BYTES + 2 * (from + done), bytes, 0, 2 * n);
      for (int i = 0; i < n; i++) {
        ids[at + done + i] = (short) SHORT.get(bytes, 2 * i) & 0xffff;
      }
      done += n;
    }
  }

  /** Hash of the stored checksums, so that the ids need not be read. */
  @Override
  public String contentHash() {
    MessageDigest digest = Sha256.digest();
    byte[] bytes = new byte[4];
    for (int block = 0; block < header.blocks(); block++) {
      file.read(header.checksumsAt() + 4L * block, bytes, 0, bytes.length);
      digest.update(bytes);
    }
    return Sha256.hex(digest);
  }

  private void checkBlocks(long from, int count) {
    int last = (int) ((from + count - 1) / BLOCK_TOKENS);
    for (int block = (int) (from / BLOCK_TOKENS); block <= last && count > 0; block++) {
      if (!checked[block]) {
        check(block);
      }
    }
  }

  private void check(int block) {
    byte[] bytes = buffer.get();
    file.read(header.checksumsAt() + 4L * block, bytes, 0, 4);
    int expected = (int) INT.get(bytes, 0);
    long first = (long) block * BLOCK_TOKENS;
    int n = (int) Math.min(BLOCK_TOKENS, length() - first);
    file.read(TokenCacheHeader.BYTES + 2 * first, bytes, 0, 2 * n);
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, 2 * n);
    int largest = 0;
    for (int i = 0; i < n; i++) {
      largest = Math.max(largest, (short) SHORT.get(bytes, 2 * i) & 0xffff);
    }
    if ((int) crc.getValue() != expected || largest >= vocabSize()) {
      throw new DataException(path + " is damaged: wrong checksum of tokens " + first + " to " + (first + n)
          + "; delete the cache to rebuild it");
    }
    checked[block] = true;
  }

  /**
   * The tokens of documents [from, to), without the separators before and after them. Documents near the end are found fast, since ids
   * are read from the end.
   *
   * @throws DataException if there are no such documents, or the tokenizer's separator also occurs in texts
   */
  public TokenSequence documents(long from, long to) {
    if (from < 0 || to <= from || to > documents()) {
      throw new DataException("documents " + from + " to " + to + " requested from " + path + ", which has " + documents());
    }
    if (tokenizer() instanceof ByteTokenizer) {
      throw new DataException(path + " cannot be cut into documents: the separator of tokenizer " + tokenizer().name()
          + " also occurs in texts");
    }
    return slice(startOf(from), to == documents() ? length() : startOf(to) - 1);
  }

  private long startOf(long document) {
    int separator = tokenizer().separator();
    int[] ids = new int[BLOCK_TOKENS];
    long end = document == 0 ? 0 : length();
    long toFind = documents() - document;
    while (end > 0) {
      int n = (int) Math.min(ids.length, end);
      read(end - n, ids, 0, n);
      for (int i = n - 1; i >= 0; i--) {
        if (ids[i] == separator && --toFind == 0) {
          return end - n + i + 1;
        }
      }
      end -= n;
    }
    return 0;
  }

  /** The mapping is released when it is garbage-collected: Java cannot unmap safely. */
  @Override
  public void close() {
    buffer.remove();
  }
}
