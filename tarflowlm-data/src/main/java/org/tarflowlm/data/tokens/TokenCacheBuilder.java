package org.tarflowlm.data.tokens;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.DocumentReport;
import org.tarflowlm.data.documents.DocumentSources;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.file.FileLocks;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.file.Progress;
import org.tarflowlm.data.tokenize.Tokenizer;

/**
 * Builds a {@link TokenCache} on several threads. The ids are appended to {@code cache.part}. Every {@value #COMMIT_TOKENS} ids they are
 * forced to disk, and {@code cache.part.json} records the progress in the source, so that a killed build resumes from there. The finished
 * file is renamed to its final name.
 */
public final class TokenCacheBuilder {
  private static final Logger LOG = LogManager.getLogger(TokenCacheBuilder.class);
  private static final long COMMIT_TOKENS = 1L << 24;
  /** Raise this whenever a change makes the same source yield other documents. */
  private static final int READER = 3;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final InputFile source;
  private final Tokenizer tokenizer;
  private final DocumentReport report = new DocumentReport();
  private DocumentOptions options = DocumentOptions.DEFAULT;
  private int threads = Runtime.getRuntime().availableProcessors();
  private long commitTokens = COMMIT_TOKENS;
  private Progress progress = Progress.NONE;

  /** @param source documents, see {@link DocumentSources#open(InputFile, DocumentOptions, DocumentReport)} */
  public TokenCacheBuilder(InputFile source, Tokenizer tokenizer) {
    this.source = source;
    this.tokenizer = tokenizer;
  }

  /** Options for reading documents. */
  public TokenCacheBuilder options(DocumentOptions choice) {
    options = choice;
    return this;
  }

  /** Number of tokenising threads; all processors unless set. */
  public TokenCacheBuilder threads(int count) {
    threads = count;
    return this;
  }

  /** Receives the number of finished tokens (the total is unknown). */
  public TokenCacheBuilder progress(Progress listener) {
    progress = listener;
    return this;
  }

  TokenCacheBuilder commitEvery(long tokens) {
    commitTokens = tokens;
    return this;
  }

  /**
   * Opens the cache if it exists, else builds it. If several threads or processes call this, one builds and the others wait.
   *
   * @throws org.tarflowlm.data.DataException if a cache exists that is stale or damaged, or if the source cannot be read
   */
  public TokenCache openOrBuild(Path cache) {
    if (!Files.exists(cache)) {
      build(cache);
    }
    return openFresh(cache);
  }

  /**
   * Like {@link #openOrBuild}, but rebuilds an outdated cache; for caches that the user did not name.
   */
  TokenCache openOrRebuild(Path cache) {
    try {
      return openOrBuild(cache);
    } catch (TokenCache.StaleCacheException e) {
      LOG.warn("tokenising {} again: {}", source, e.getMessage());
    }
    return locked(cache, () -> {
      try {
        return openFresh(cache);
      } catch (TokenCache.StaleCacheException e) {
        Files.deleteIfExists(cache);
        buildLocked(cache);
        return openFresh(cache);
      }
    });
  }

  private TokenCache openFresh(Path cache) {
    TokenCache opened = TokenCache.open(cache, source, tokenizer);
    String made = made(tokenizer, options);
    if (!made.equals(opened.made())) {
      throw new TokenCache.StaleCacheException(cache + " is stale: it was made by " + opened.made() + "; expected " + made
          + "; delete the cache to rebuild it");
    }
    return opened;
  }

  /** What the ids depend on besides the source: the reader's version, the options, and the tokenizer's ids of a sample. */
  static String made(Tokenizer tokenizer, DocumentOptions options) {
    String sample;
    try {
      int[] ids = tokenizer.encode("the quick brown fox jumps over the lazy dog");
      sample = Integer.toHexString(Arrays.hashCode(ids));
    } catch (DataException e) {
      sample = "none";
    }
    return "reader " + READER + ", " + options.bad() + ", field " + options.textField() + ", sample " + sample;
  }

  /** Builds the cache unless it exists. */
  public void build(Path cache) {
    locked(cache, () -> {
      if (!Files.exists(cache)) {
        buildLocked(cache);
      }
      return cache;
    });
  }

  private static <T> T locked(Path cache, IoErrors.Action<T> action) {
    return IoErrors.writing(cache, () -> {
      Files.createDirectories(cache.toAbsolutePath().getParent());
      return FileLocks.holding(cache.resolveSibling(cache.getFileName() + ".lock"), action);
    });
  }

  /** Progress of a build: finished parts of the source, and the documents and ids written from them. */
  private record Journal(String tokenizer, String made, SourceStamp source, long parts, long documents, long tokens) {}

  private void buildLocked(Path cache) throws IOException {
    Path part = cache.resolveSibling(cache.getFileName() + ".part");
    Path journalFile = cache.resolveSibling(cache.getFileName() + ".part.json");
    Journal journal = resumed(part, journalFile, SourceStamp.of(source));
    try (FileChannel out = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        ParallelTokenizer tokens = new ParallelTokenizer(DocumentSources.open(source, options, report),
            new DocumentTokenizer(tokenizer, options, report), threads)) {
      out.truncate(TokenCacheHeader.BYTES + 2 * journal.tokens);
      tokens.skip(journal.parts);
      long committed = journal.tokens;
      for (DocumentTokenizer.Chunk chunk = tokens.next(); chunk != null; chunk = tokens.next()) {
        journal = new Journal(journal.tokenizer, journal.made, journal.source, journal.parts + 1,
            journal.documents + chunk.documents(), journal.tokens + append(out, chunk, journal.tokens));
        progress.update(source.toString(), journal.tokens, -1);
        if (journal.tokens - committed >= commitTokens) {
          out.force(true);
          AtomicFile.write(journalFile, JSON.writeValueAsString(journal));
          committed = journal.tokens;
        }
      }
      if (journal.documents == 0) {
        throw new DataException(source + " holds no document with text; expected .txt or .jsonl files, or archives of them, not hidden"
            + (report.bad() == 0 ? "" : " (" + report.bad() + " bad documents were left out: " + report.firstBad() + ")"));
      }
      if (!SourceStamp.quick(source).state().equals(journal.source.state())) {
        throw new DataException(source + " changed while it was tokenised; nothing was kept");
      }
      finish(out, journal);
    }
    AtomicFile.moveIntoPlace(part, cache);
    Files.deleteIfExists(journalFile);
    LOG.info("{}: {} tokens of {} documents", cache, journal.tokens, journal.documents);
    if (report.bad() > 0) {
      LOG.warn("{}: {} bad documents were left out; one of them: {}", source, report.bad(), report.firstBad());
    }
  }

  private Journal resumed(Path part, Path journalFile, SourceStamp stamp) throws IOException {
    Journal fresh = new Journal(tokenizer.name(), made(tokenizer, options), stamp, 0, 0, 0);
    if (!Files.exists(journalFile) || !Files.exists(part)) {
      return fresh;
    }
    Journal journal = readJournal(journalFile);
    boolean same = journal != null && fresh.tokenizer.equals(journal.tokenizer) && fresh.made.equals(journal.made)
        && stamp.sha256().equals(journal.source.sha256());
    if (!same || Files.size(part) < TokenCacheHeader.BYTES + 2 * journal.tokens) {
      LOG.warn("{} was made from another source: starting over", part);
      return fresh;
    }
    LOG.info("{}: resuming after {} tokens", part, journal.tokens);
    return new Journal(journal.tokenizer, journal.made, stamp, journal.parts, journal.documents, journal.tokens);
  }

  /** The journal of an interrupted build, or null if it cannot be read. */
  private static Journal readJournal(Path file) throws IOException {
    try {
      Journal journal = JSON.readValue(file.toFile(), Journal.class);
      return journal.source == null || journal.tokens < 0 || journal.parts < 0 ? null : journal;
    } catch (JsonProcessingException e) {
      LOG.warn("{} cannot be read: {}", file, e.getOriginalMessage());
      return null;
    }
  }

  /** @return number of ids written; the separator before the very first document is left out */
  private static long append(FileChannel out, DocumentTokenizer.Chunk chunk, long tokensBefore) throws IOException {
    ByteBuffer bytes = bytes(chunk, tokensBefore == 0);
    AtomicFile.writeFully(out.position(TokenCacheHeader.BYTES + 2 * tokensBefore), bytes);
    return bytes.limit() / 2;
  }

  /** Ids in the format of a token cache; without the leading separator if nothing precedes them. */
  static ByteBuffer bytes(DocumentTokenizer.Chunk chunk, boolean atStart) {
    int first = atStart && chunk.length() > 0 ? 1 : 0;
    int count = chunk.length() - first;
    ByteBuffer bytes = ByteBuffer.allocate(2 * count).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asShortBuffer().put(chunk.ids(), first, count);
    return bytes;
  }

  /** Writes the checksums after the ids, then the header; until the header is there, the file is not a token cache. */
  private void finish(FileChannel out, Journal journal) throws IOException {
    TokenCacheHeader header = new TokenCacheHeader(tokenizer.name(), tokenizer.vocabSize(), journal.tokens, journal.documents,
        TokenCache.BLOCK_TOKENS, journal.source, journal.made);
    ByteBuffer checksums = ByteBuffer.allocate(4 * header.blocks()).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer block = ByteBuffer.allocate(2 * TokenCache.BLOCK_TOKENS);
    CRC32C crc = new CRC32C();
    for (int i = 0; i < header.blocks(); i++) {
      long at = TokenCacheHeader.BYTES + 2L * i * TokenCache.BLOCK_TOKENS;
      block.clear().limit((int) Math.min(block.capacity(), header.checksumsAt() - at));
      while (block.hasRemaining() && out.read(block, at + block.position()) >= 0) {
        // Reads until the block is full.
      }
      crc.reset();
      crc.update(block.flip());
      checksums.putInt((int) crc.getValue());
    }
    AtomicFile.writeFully(out.position(header.checksumsAt()), checksums.flip());
    AtomicFile.writeFully(out.position(0), ByteBuffer.wrap(header.toBytes()));
    out.force(true);
  }
}
