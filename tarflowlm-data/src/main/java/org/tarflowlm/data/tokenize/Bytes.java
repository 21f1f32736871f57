package org.tarflowlm.data.tokenize;

import java.nio.charset.StandardCharsets;
import org.tarflowlm.data.DataException;

/** Every byte is its own token (vocabulary 256), as in byte-level models of enwik8. Files are never decoded. */
public final class Bytes implements ByteTokenizer {
  public static final String NAME = "bytes";
  public static final int SIZE = 256;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public int vocabSize() {
    return SIZE;
  }

  /** The id of a line feed. */
  @Override
  public int separator() {
    return '\n';
  }

  @Override
  public int id(int unsignedByte) {
    return unsignedByte;
  }

  @Override
  public int[] encode(String text) {
    Tokenizers.requirePairs(text);
    return encode(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Ids of raw bytes. */
  public int[] encode(byte[] bytes) {
    int[] ids = new int[bytes.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = bytes[i] & 0xff;
    }
    return ids;
  }

  @Override
  public byte[] decodeBytes(int[] ids) {
    byte[] bytes = new byte[ids.length];
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0 || ids[i] >= SIZE) {
        throw new DataException("id " + ids[i] + " at position " + i + " is not a byte; expected 0 to 255");
      }
      bytes[i] = (byte) ids[i];
    }
    return bytes;
  }
}
