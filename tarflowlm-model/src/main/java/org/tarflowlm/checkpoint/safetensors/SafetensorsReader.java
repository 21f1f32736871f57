package org.tarflowlm.checkpoint.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;
import org.tarflowlm.checkpoint.safetensors.SafetensorsException.Problem;

/**
 * Reads safetensors files, strictly: 8 bytes with the header's length, a JSON header of names, types, shapes and offsets, then the
 * tensors' bytes with nothing between or after them. The reader checks the whole header before it reads a tensor, and never allocates
 * memory that the file does not have the bytes to fill.
 *
 * <p>Not thread-safe.
 */
public final class SafetensorsReader implements AutoCloseable {
  private static final int CHUNK_BYTES = 1 << 18;
  private static final int MOST_ELEMENTS = Integer.MAX_VALUE - 8;

  private final SeekableByteChannel channel;
  private final SafetensorsHeader header;
  private final long dataStart;

  private SafetensorsReader(SeekableByteChannel channel) throws IOException {
    this.channel = channel;
    long fileBytes = channel.size();
    if (fileBytes < SafetensorsHeader.LENGTH_BYTES) {
      throw new SafetensorsException(Problem.NO_HEADER_LENGTH,
          "the file has " + fileBytes + " bytes; expected at least the " + SafetensorsHeader.LENGTH_BYTES + " of the header's length");
    }
    long headerBytes = read(0, SafetensorsHeader.LENGTH_BYTES).getLong();
    if (headerBytes <= 0 || headerBytes > SafetensorsHeader.MAX_BYTES) {
      throw new SafetensorsException(Problem.HEADER_LENGTH, "the header has " + Long.toUnsignedString(headerBytes)
          + " bytes; expected 1 to " + SafetensorsHeader.MAX_BYTES + " (is this a safetensors file?)");
    }
    dataStart = SafetensorsHeader.LENGTH_BYTES + headerBytes;
    if (dataStart > fileBytes) {
      throw new SafetensorsException(Problem.HEADER_BEYOND_FILE,
          "the header has " + headerBytes + " bytes, but the file ends after " + fileBytes);
    }
    header = SafetensorsHeader.Parser.parse(read(SafetensorsHeader.LENGTH_BYTES, (int) headerBytes).array(), fileBytes - dataStart);
  }

  /**
   * Opens a file and reads its header.
   *
   * @throws SafetensorsException if the file is not a valid safetensors file
   * @throws IOException if it cannot be read
   */
  public static SafetensorsReader open(Path file) throws IOException {
    return open(Files.newByteChannel(file));
  }

  /** Like {@link #open(Path)}, for bytes in memory. */
  public static SafetensorsReader open(byte[] bytes) throws IOException {
    return open(new SeekableInMemoryByteChannel(bytes));
  }

  private static SafetensorsReader open(SeekableByteChannel channel) throws IOException {
    try {
      return new SafetensorsReader(channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Tensors by name, in the order of the header. */
  public Map<String, TensorInfo> tensors() {
    return header.tensors();
  }

  /** The free strings in the header's {@code __metadata__}; empty if there are none. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /**
   * A tensor as floats: exact for F32, F16, BF16 and the small integers, rounded to nearest for F64 and large integers.
   *
   * @throws SafetensorsException if the file has no such tensor, or one too large for a Java array
   */
  public FloatTensor floats(String name) throws IOException {
    TensorInfo info = header.tensors().get(name);
    if (info == null) {
      throw new SafetensorsException(Problem.NO_SUCH_TENSOR, "no tensor " + SafetensorsHeader.Parser.quote(name) + " in the file");
    } else if (info.length() > MOST_ELEMENTS) {
      throw new SafetensorsException(Problem.TOO_LARGE, "tensor " + SafetensorsHeader.Parser.quote(name) + " has " + info.length()
          + " elements; expected at most " + MOST_ELEMENTS);
    }
    float[] values = new float[(int) info.length()];
    int bytes = info.dtype().bytes();
    int from = 0;
    while (from < values.length) {
      int to = from + Math.min(CHUNK_BYTES / bytes, values.length - from);
      ByteBuffer chunk = read(dataStart + info.begin() + (long) from * bytes, (to - from) * bytes);
      if (info.dtype() == DType.F32) {
        chunk.asFloatBuffer().get(values, from, to - from);
      } else {
        for (int i = from; i < to; i++) {
          values[i] = (float) info.dtype().get(chunk);
        }
      }
      from = to;
    }
    return new FloatTensor(info.shapeArray(), values);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private ByteBuffer read(long at, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    channel.position(at);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes) < 0) {
        throw new SafetensorsException(Problem.TRUNCATED, "the file was cut while it was being read");
      }
    }
    return bytes.flip();
  }
}
