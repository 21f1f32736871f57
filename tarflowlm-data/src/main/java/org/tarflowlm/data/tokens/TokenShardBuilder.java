package org.tarflowlm.data.tokens;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.DocumentReport;
import org.tarflowlm.data.documents.DocumentSource;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.tokenize.Tokenizer;

/**
 * Writes a shard of {@link TokenShards}, from documents of any source to any stream. A token cache begins with the number of its ids. The
 * ids therefore go to a scratch file first, which is not forced to disk. Unlike a {@link TokenCacheBuilder}'s, the header holds a
 * fingerprint that the caller chooses instead of the documents' hash.
 */
public final class TokenShardBuilder implements AtomicFile.Content {
  private final Tokenizer tokenizer;
  private final DocumentOptions options;
  private final Path scratch;
  private final Checksums checksums = new Checksums();
  private long tokens;
  private long documents;
  private SourceStamp stamp;

  /** @param scratch file for the ids; overwritten */
  public TokenShardBuilder(Tokenizer tokenizer, DocumentOptions options, Path scratch) {
    this.tokenizer = tokenizer;
    this.options = options;
    this.scratch = scratch;
  }

  /** What ids depend on besides the documents: the reader's version, the options, and the tokenizer's ids of a sample. */
  public static String reader(Tokenizer tokenizer, DocumentOptions options) {
    return TokenCacheBuilder.made(tokenizer, options);
  }

  /**
   * Tokenises all documents, with one thread beside the caller's.
   *
   * @param name of the documents, for the header
   * @param bytes length of the documents, for the header
   * @param fingerprint put in the header instead of the documents' hash, see {@link TokenCacheHeader#sourceHash()}
   * @throws org.tarflowlm.data.DataException if a document is bad
   */
  public void add(DocumentSource source, DocumentReport report, String name, long bytes, String fingerprint) throws IOException {
    stamp = new SourceStamp(name, bytes, 0, fingerprint, null);
    try (FileChannel out = FileChannel.open(scratch, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING);
        ParallelTokenizer parts = new ParallelTokenizer(source, new DocumentTokenizer(tokenizer, options, report), 1)) {
      for (DocumentTokenizer.Chunk chunk = parts.next(); chunk != null; chunk = parts.next()) {
        ByteBuffer ids = TokenCacheBuilder.bytes(chunk, tokens == 0);
        checksums.add(ids.duplicate());
        tokens += ids.remaining() / 2;
        documents += chunk.documents();
        AtomicFile.writeFully(out, ids);
      }
    }
  }

  /** Number of ids so far. */
  public long tokens() {
    return tokens;
  }

  /** Number of documents so far; 0 if none has text. */
  public long documents() {
    return documents;
  }

  /** Writes the token cache: header, ids, checksums. */
  @Override
  public void writeTo(OutputStream out) throws IOException {
    out.write(new TokenCacheHeader(tokenizer.name(), tokenizer.vocabSize(), tokens, documents, TokenCache.BLOCK_TOKENS, stamp,
        reader(tokenizer, options)).toBytes());
    Files.copy(scratch, out);
    out.write(checksums.toBytes());
  }

  /** Computes a CRC-32C for each block of ids as they arrive. */
  private static final class Checksums {
    private static final int BLOCK = 2 * TokenCache.BLOCK_TOKENS;
    private final CRC32C crc = new CRC32C();
    private final ByteArrayOutputStream whole = new ByteArrayOutputStream();
    private int filled;

    void add(ByteBuffer ids) {
      while (ids.hasRemaining()) {
        int n = Math.min(ids.remaining(), BLOCK - filled);
        crc.update(ids.slice(ids.position(), n));
        ids.position(ids.position() + n);
        filled += n;
        if (filled == BLOCK) {
          whole.writeBytes(current());
          crc.reset();
          filled = 0;
        }
      }
    }

    private byte[] current() {
      return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt((int) crc.getValue()).array();
    }

    byte[] toBytes() {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      all.writeBytes(whole.toByteArray());
      if (filled > 0) {
        all.writeBytes(current());
      }
      return all.toByteArray();
    }
  }
}
