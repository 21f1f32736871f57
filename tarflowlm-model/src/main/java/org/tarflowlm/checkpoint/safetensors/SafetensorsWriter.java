package org.tarflowlm.checkpoint.safetensors;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.tarflowlm.checkpoint.safetensors.SafetensorsException.Problem;
import org.tarflowlm.data.file.AtomicFile;

/** Writes safetensors files of one element type: F32, F16 or BF16. Tensors keep the map's order; their data begin at a multiple of 8. */
public final class SafetensorsWriter {
  private static final int CHUNK_FLOATS = 1 << 16;

  private SafetensorsWriter() {}

  /**
   * Writes a file, whole or not at all; an existing one is replaced.
   *
   * @param dtype F32 (bit-exact), F16 or BF16 (rounded to nearest)
   * @param metadata free strings
   * @throws SafetensorsException with {@link Problem#OUT_OF_RANGE} if a finite value is too large for the type
   * @throws IOException if the file cannot be written
   */
  public static void write(Path file, Map<String, FloatTensor> tensors, DType dtype, Map<String, String> metadata) throws IOException {
    if (dtype != DType.F32 && dtype != DType.F16 && dtype != DType.BF16) {
      throw new IllegalArgumentException("dtype is " + dtype + "; expected F32, F16 or BF16");
    }
    byte[] header = header(tensors, dtype, metadata);
    AtomicFile.writeFile(file, path -> {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        AtomicFile.writeFully(channel, littleEndian(SafetensorsHeader.LENGTH_BYTES).putLong(header.length).flip());
        AtomicFile.writeFully(channel, ByteBuffer.wrap(header));
        for (Map.Entry<String, FloatTensor> each : tensors.entrySet()) {
          writeValues(channel, each.getKey(), each.getValue().values(), dtype);
        }
      }
    });
  }

  private static byte[] header(Map<String, FloatTensor> tensors, DType dtype, Map<String, String> metadata) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    if (!metadata.isEmpty()) {
      ObjectNode strings = root.putObject("__metadata__");
      new TreeMap<>(metadata).forEach(strings::put); // sorted: the same content gives the same bytes
    }
    long end = 0;
    for (Map.Entry<String, FloatTensor> each : tensors.entrySet()) {
      if (each.getKey().equals("__metadata__")) {
        throw new IllegalArgumentException("a tensor cannot be named __metadata__: the format keeps that name for itself");
      }
      ObjectNode entry = root.putObject(each.getKey());
      entry.put("dtype", dtype.name());
      Arrays.stream(each.getValue().shape()).forEach(entry.putArray("shape")::add);
      entry.putArray("data_offsets").add(end).add(end += (long) each.getValue().values().length * dtype.bytes());
    }
    byte[] json = root.toString().getBytes(StandardCharsets.UTF_8);
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return padded;
  }

  private static void writeValues(FileChannel channel, String name, float[] values, DType dtype) throws IOException {
    ByteBuffer chunk = littleEndian(Math.min(CHUNK_FLOATS, values.length) * dtype.bytes());
    for (int from = 0; from < values.length; from += CHUNK_FLOATS) {
      int to = Math.min(values.length, from + CHUNK_FLOATS);
      chunk.clear();
      for (int i = from; i < to; i++) {
        put(chunk, name, values[i], dtype);
      }
      AtomicFile.writeFully(channel, chunk.flip());
    }
  }

  private static void put(ByteBuffer chunk, String name, float value, DType dtype) throws SafetensorsException {
    if (dtype == DType.F32) {
      chunk.putFloat(value);
      return;
    }
    short bits = dtype == DType.F16 ? SmallFloats.toHalf(value) : SmallFloats.toBfloat16(value);
    float stored = dtype == DType.F16 ? SmallFloats.fromHalf(bits) : SmallFloats.fromBfloat16(bits);
    if (Float.isInfinite(stored) && Float.isFinite(value)) {
      throw new SafetensorsException(Problem.OUT_OF_RANGE, "tensor " + name + " holds " + value + ", too large for " + dtype);
    }
    chunk.putShort(bits);
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
