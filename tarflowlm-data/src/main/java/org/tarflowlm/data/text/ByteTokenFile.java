package org.tarflowlm.data.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokenize.ByteTokenizer;

/**
 * The tokens of a text8 or byte-level file, memory-mapped: token n is byte n. A line end that closes the file is left out where
 * the alphabet has none. Bytes outside the alphabet are an error when they are read.
 */
public final class ByteTokenFile implements TokenSequence {
  private final InputFile input;
  private final MappedFile file;
  private final int vocabSize;
  private final short[] table;
  private final long length;
  private final ThreadLocal<byte[]> buffer = ThreadLocal.withInitial(() -> new byte[0]);

  private ByteTokenFile(InputFile input, MappedFile file, ByteTokenizer tokenizer) {
    this.input = input;
    this.file = file;
    this.vocabSize = tokenizer.vocabSize();
    this.table = tokenizer.table();
    this.length = file.length() - finalLineEnd();
  }

  /**
   * Opens a file. A plain file is mapped where it lies; a compressed one is first unpacked to a temporary file, which is
   * deleted at once where the system allows it and else when the JVM ends.
   */
  public static ByteTokenFile open(InputFile input, ByteTokenizer tokenizer) {
    try {
      if (input.isPlain()) {
        return new ByteTokenFile(input, new MappedFile(input.path()), tokenizer);
      }
      Path unpacked = Files.createTempFile("tarflowlm", ".tokens");
      unpacked.toFile().deleteOnExit();
      try (InputStream in = input.open()) {
        Files.copy(in, unpacked, StandardCopyOption.REPLACE_EXISTING);
        return new ByteTokenFile(input, new MappedFile(unpacked), tokenizer);
      } finally {
        unpacked.toFile().delete();
      }
    } catch (IOException e) {
      throw new DataException("cannot read " + input + ": " + e.getMessage(), e);
    }
  }

  private int finalLineEnd() {
    int n = 0;
    byte[] one = new byte[1];
    for (int end : new int[] {'\n', '\r'}) {
      if (table[end] < 0 && file.length() > n) {
        file.read(file.length() - n - 1, one, 0, 1);
        n += one[0] == end ? 1 : 0;
      }
    }
    return n;
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public int vocabSize() {
    return vocabSize;
  }

  @Override
  public void read(long from, int[] ids, int at, int count) {
    byte[] bytes = buffer.get();
    if (bytes.length < count) {
      bytes = new byte[count];
      buffer.set(bytes);
    }
    file.read(from, bytes, 0, count);
    int lowest = 0;
    for (int i = 0; i < count; i++) {
      int id = table[bytes[i] & 0xff];
      ids[at + i] = id;
      lowest = Math.min(lowest, id);
    }
    if (lowest < 0) {
      throw foreign(from, bytes, count);
    }
  }

  private DataException foreign(long from, byte[] bytes, int count) {
    int i = 0;
    while (i < count - 1 && table[bytes[i] & 0xff] >= 0) {
      i++;
    }
    return ByteTokenStream.outsideAlphabet(input.toString(), bytes[i] & 0xff, from + i, vocabSize);
  }

  /** The mapping goes when it is garbage-collected: Java has no way to unmap safely. */
  @Override
  public void close() {
    buffer.remove();
  }
}
