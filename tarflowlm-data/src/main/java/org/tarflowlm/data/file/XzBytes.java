package org.tarflowlm.data.file;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32;
import org.tarflowlm.data.DataException;
import org.tukaani.xz.SeekableInputStream;
import org.tukaani.xz.SeekableXZInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * Unpacks a whole .xz file that is in memory, with a dictionary no larger than its content.
 *
 * <p>xz -9 declares a dictionary of 64 MiB even for a file of 1 MiB, and the decoder would allocate it once per thread. This module
 * promises to work within a heap of that size. The index at the file's end holds the true sizes, so this class lowers the declared ones
 * before decoding.
 */
public final class XzBytes {
  private static final int LZMA2 = 0x21;
  private static final int HAS_COMPRESSED_SIZE = 0x40;
  private static final int HAS_UNCOMPRESSED_SIZE = 0x80;

  private XzBytes() {}

  /**
   * Opens the unpacked content.
   *
   * @param xz the file; dictionary sizes in it are changed
   * @param name for messages
   * @param limit most bytes it may unpack to, checked before anything is unpacked
   * @throws DataException if it unpacks to more
   * @throws IOException if it is damaged; reading the stream may throw it too
   */
  public static InputStream open(byte[] xz, String name, long limit) throws IOException {
    try (SeekableXZInputStream index = new SeekableXZInputStream(new Bytes(xz), Compression.xzMemoryKib())) {
      if (index.length() > limit) {
        throw new DataException(name + " unpacks to " + index.length() + " bytes; the limit is " + limit);
      }
      for (int block = 0; block < index.getBlockCount(); block++) {
        shrink(xz, Math.toIntExact(index.getBlockCompPos(block)), index.getBlockSize(block));
      }
    }
    return new XZInputStream(new ByteArrayInputStream(xz), Compression.xzMemoryKib());
  }

  /** Lowers the dictionary in the block header at {@code at} to what {@code content} bytes can use. */
  private static void shrink(byte[] xz, int at, long content) {
    int headerBytes = ((xz[at] & 0xff) + 1) * 4;
    int flags = xz[at + 1] & 0xff;
    boolean oneFilter = (flags & 3) == 0;
    int p = at + 2;
    p = (flags & HAS_COMPRESSED_SIZE) != 0 ? skipNumber(xz, p) : p;
    p = (flags & HAS_UNCOMPRESSED_SIZE) != 0 ? skipNumber(xz, p) : p;
    if (!oneFilter || at + headerBytes > xz.length || p + 3 > at + headerBytes || xz[p] != LZMA2 || xz[p + 1] != 1) {
      return;
    }
    int crcAt = at + headerBytes - 4;
    ByteBuffer header = ByteBuffer.wrap(xz).order(ByteOrder.LITTLE_ENDIAN);
    if (header.getInt(crcAt) != crc(xz, at, headerBytes - 4)) {
      return; // Damaged: the decoder will report it.
    }
    int needed = 0;
    while (needed < xz[p + 2] && dictionaryBytes(needed) < content) {
      needed++;
    }
    xz[p + 2] = (byte) needed;
    header.putInt(crcAt, crc(xz, at, headerBytes - 4));
  }

  private static int crc(byte[] bytes, int at, int count) {
    CRC32 crc = new CRC32();
    crc.update(bytes, at, count);
    return (int) crc.getValue();
  }

  private static int skipNumber(byte[] xz, int p) {
    while (p < xz.length - 1 && xz[p] < 0) {
      p++;
    }
    return p + 1;
  }

  /** The xz format's code for dictionary sizes: 4 KiB, 6 KiB, 8 KiB, 12 KiB, ... */
  private static long dictionaryBytes(int code) {
    return (2L | code & 1) << code / 2 + 11;
  }

  /** A byte array that XZ can seek in. */
  private static final class Bytes extends SeekableInputStream {
    private final byte[] bytes;
    private int at;

    Bytes(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public int read() {
      return at < bytes.length ? bytes[at++] & 0xff : -1;
    }

    @Override
    public long length() {
      return bytes.length;
    }

    @Override
    public long position() {
      return at;
    }

    @Override
    public void seek(long position) {
      at = (int) Math.min(position, bytes.length);
    }
  }
}
