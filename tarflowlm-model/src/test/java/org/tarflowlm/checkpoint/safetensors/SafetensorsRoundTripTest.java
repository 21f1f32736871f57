package org.tarflowlm.checkpoint.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.checkpoint.safetensors.SafetensorsException.Problem;

class SafetensorsRoundTripTest {
  @TempDir
  private Path folder;

  private static Map<String, FloatTensor> randomTensors(long seed) {
    Random random = new Random(seed);
    Map<String, FloatTensor> tensors = new LinkedHashMap<>();
    long[][] shapes = {{}, {0}, {3}, {2, 5}, {1, 2, 3, 4}, {70_001}};
    for (int i = 0; i < shapes.length; i++) {
      float[] values = new float[(int) Arrays.stream(shapes[i]).reduce(1, Math::multiplyExact)];
      for (int j = 0; j < values.length; j++) {
        values[j] = (float) random.nextGaussian();
      }
      tensors.put("größe." + i, new FloatTensor(shapes[i], values));
    }
    return tensors;
  }

  private static Map<String, FloatTensor> readAll(Path file) throws IOException {
    Map<String, FloatTensor> tensors = new LinkedHashMap<>();
    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      for (String name : reader.tensors().keySet()) {
        tensors.put(name, reader.floats(name));
      }
    }
    return tensors;
  }

  @Test
  void floatsAreBitExact() throws IOException {
    Map<String, FloatTensor> tensors = randomTensors(1);
    tensors.put("special", new FloatTensor(new long[] {6}, -0f, Float.MIN_VALUE, Float.MAX_VALUE, Float.NaN, Float.NEGATIVE_INFINITY, 1));
    Path file = folder.resolve("model.safetensors");
    SafetensorsWriter.write(file, tensors, DType.F32, Map.of("a \"key\"", "a\nvalue"));

    assertEquals(tensors, readAll(file));
    assertEquals(List.copyOf(tensors.keySet()), List.copyOf(readAll(file).keySet()), "order is kept");
    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      assertEquals(Map.of("a \"key\"", "a\nvalue"), reader.metadata());
    }
  }

  @Test
  void halfPrecisionIsRounded() throws IOException {
    Map<String, FloatTensor> tensors = randomTensors(2);
    for (DType dtype : List.of(DType.F16, DType.BF16)) {
      Path file = folder.resolve(dtype + ".safetensors");
      SafetensorsWriter.write(file, tensors, dtype, Map.of());
      Map<String, FloatTensor> read = readAll(file);
      for (String name : tensors.keySet()) {
        assertArrayEquals(tensors.get(name).shape(), read.get(name).shape());
        float[] expected = tensors.get(name).values();
        for (int i = 0; i < expected.length; i++) {
          assertEquals(expected[i], read.get(name).values()[i], Math.abs(expected[i]) * (dtype == DType.F16 ? 0x1p-11 : 0x1p-8) + 1e-7);
        }
      }
      SafetensorsWriter.write(folder.resolve("again"), read, dtype, Map.of());
      assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(folder.resolve("again")), "a second round changes nothing");
    }
  }

  @Test
  void dataBeginsAtAMultipleOfEight() throws IOException {
    for (int length = 1; length < 20; length++) {
      Path file = folder.resolve("padded");
      SafetensorsWriter.write(file, Map.of("x".repeat(length), new FloatTensor(new long[] {1}, 7)), DType.F32, Map.of());
      byte[] bytes = Files.readAllBytes(file);
      assertEquals(0, (bytes.length - 4) % 8);
      assertEquals(bytes.length - 12, ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong());
    }
  }

  @Test
  void valuesTooLargeForHalfAreAnErrorAndLeaveNoFile() throws IOException {
    Path file = folder.resolve("model.safetensors");
    SafetensorsException e = assertThrows(SafetensorsException.class,
        () -> SafetensorsWriter.write(file, Map.of("big", new FloatTensor(new long[] {2}, 1, 1e5f)), DType.F16, Map.of()));

    assertEquals(Problem.OUT_OF_RANGE, e.problem());
    assertEquals("tensor big holds 100000.0, too large for F16", e.getMessage());
    try (var files = Files.list(folder)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void wrongUseOfTheWriterIsRefused() {
    Map<String, FloatTensor> tensors = Map.of("__metadata__", new FloatTensor(new long[] {1}, 1));
    assertThrows(IllegalArgumentException.class, () -> SafetensorsWriter.write(folder.resolve("x"), tensors, DType.F32, Map.of()));
    assertThrows(IllegalArgumentException.class, () -> SafetensorsWriter.write(folder.resolve("x"), Map.of(), DType.I64, Map.of()));
    assertThrows(IllegalArgumentException.class, () -> new FloatTensor(new long[] {2, 2}, 1, 2, 3));
  }

  /** The reference implementation, safetensors 0.8.0 for Python, wrote the file. */
  @Test
  void readsTheReferenceImplementationsFile() throws IOException {
    try (InputStream in = getClass().getResourceAsStream("reference.safetensors");
        SafetensorsReader reader = SafetensorsReader.open(in.readAllBytes())) {
      assertEquals(Map.of("format", "test", "unicode", "Grüße, 世界"), reader.metadata());
      assertEquals(12, reader.tensors().size());
      assertEquals(new FloatTensor(new long[] {2, 3}, 1.5f, -2.25f, 3e-40f, Float.POSITIVE_INFINITY, -0f, Float.MAX_VALUE),
          reader.floats("f32"));
      assertEquals(new FloatTensor(new long[] {4}, 1.5f, -65504f, 0x1p-24f, 0.33300781f), reader.floats("f16"));
      assertArrayEquals(new float[] {1.5f, -3f, 9.918234e-39f}, reader.floats("bf16").values(), 1e-42f);
      assertEquals(new FloatTensor(new long[] {2, 1}, 0.1f, Float.POSITIVE_INFINITY), reader.floats("f64"));
      assertArrayEquals(new float[] {-1, 0x1p62f}, reader.floats("i64").values());
      assertArrayEquals(new float[] {-7, 0x1p31f}, reader.floats("i32").values());
      assertArrayEquals(new float[] {-300}, reader.floats("i16").values());
      assertArrayEquals(new float[] {-128}, reader.floats("i8").values());
      assertArrayEquals(new float[] {255, 0, 1}, reader.floats("u8").values());
      assertArrayEquals(new float[] {1, 0}, reader.floats("bool").values());
      assertEquals(new FloatTensor(new long[0], 42), reader.floats("scalar"));
      assertEquals(new FloatTensor(new long[] {0, 3}), reader.floats("empty"));
      assertEquals(Problem.NO_SUCH_TENSOR, assertThrows(SafetensorsException.class, () -> reader.floats("f33")).problem());
      assertTrue(reader.tensors().get("empty").length() == 0);
    }
  }
}
