package org.tarflowlm.data.tokens;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.tarflowlm.data.DataException;

/**
 * The first {@value #BYTES} bytes of a token cache: 8 bytes {@code TARFTOK1}, then in little-endian order 4 bytes length and 4 bytes
 * CRC-32C of the JSON that follows, then zeros.
 *
 * @param tokenizer its name
 * @param vocabSize its number of ids
 * @param tokens ids in the file
 * @param documents documents in it
 * @param blockTokens ids covered by one checksum
 * @param source what the ids were made from
 * @param made reader version and options that made them; null in older caches
 */
public record TokenCacheHeader(String tokenizer, int vocabSize, long tokens, long documents, int blockTokens, SourceStamp source,
    String made) {
  public static final int BYTES = 4096;
  /** Most blocks: an int indexes their checksums. */
  private static final long MOST_TOKENS = (long) TokenCache.BLOCK_TOKENS * Integer.MAX_VALUE;
  private static final byte[] MAGIC = "TARFTOK1".getBytes(StandardCharsets.US_ASCII);
  private static final int JSON_AT = MAGIC.length + 8;
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Where the ids end and their checksums begin. */
  long checksumsAt() {
    return BYTES + 2 * tokens;
  }

  /** The source's SHA-256, or the fingerprint that a {@link TokenShardBuilder} was given instead. */
  public String sourceHash() {
    return source.sha256();
  }

  /** Number of blocks, each with one checksum. */
  public int blocks() {
    return Math.toIntExact((tokens + blockTokens - 1) / blockTokens);
  }

  /** Length of the whole file in bytes. */
  public long fileLength() {
    return checksumsAt() + 4L * blocks();
  }

  byte[] toBytes() {
    try {
      return around(JSON.writeValueAsBytes(this));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** @throws DataException if these are not the first bytes of a token cache */
  public static TokenCacheHeader parse(byte[] bytes, Object file) {
    if (bytes.length < BYTES || !Arrays.equals(MAGIC, Arrays.copyOf(bytes, MAGIC.length))) {
      throw new DataException(file + " is not a token cache (it does not start with TARFTOK1)");
    }
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).position(MAGIC.length);
    int length = in.getInt();
    int crc = in.getInt();
    if (length < 0 || length > BYTES - JSON_AT || crc(Arrays.copyOfRange(bytes, JSON_AT, JSON_AT + length)) != crc) {
      throw new DataException(file + " is damaged: wrong checksum of its header");
    }
    try {
      TokenCacheHeader header = JSON.readValue(bytes, JSON_AT, length, TokenCacheHeader.class);
      if (header == null || header.tokenizer == null || header.source == null || header.source.name() == null
          || header.source.sha256() == null || header.blockTokens != TokenCache.BLOCK_TOKENS || header.tokens < 0
          || header.tokens > MOST_TOKENS || header.documents < 0 || header.vocabSize < 1
          || header.vocabSize > DocumentTokenizer.LARGEST_VOCABULARY) {
        throw new DataException(file + " is damaged: its header makes no sense");
      }
      return header;
    } catch (IOException e) {
      throw new DataException(file + " has a header of another version: " + e.getMessage(), e);
    }
  }

  /** Wraps any JSON in a header of {@value #BYTES} bytes with a checksum. */
  public static byte[] around(byte[] json) {
    return ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN).put(MAGIC).putInt(json.length).putInt(crc(json)).put(json).array();
  }

  private static int crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
