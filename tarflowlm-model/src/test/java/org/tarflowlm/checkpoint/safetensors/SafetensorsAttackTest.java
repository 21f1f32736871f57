package org.tarflowlm.checkpoint.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tarflowlm.checkpoint.safetensors.SafetensorsException.Problem;

class SafetensorsAttackTest {
  private static final String TENSOR = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";

  private static byte[] file(long headerLength, byte[] header, int dataBytes) {
    return ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN).putLong(headerLength).put(header).array();
  }

  private static byte[] file(String header, int dataBytes) {
    byte[] bytes = header.getBytes(StandardCharsets.UTF_8);
    return file(bytes.length, bytes, dataBytes);
  }

  private static void assertProblem(Problem expected, byte[] file) {
    SafetensorsException e = assertThrows(SafetensorsException.class, () -> SafetensorsReader.open(file));
    assertEquals(expected, e.problem(), e.getMessage());
    assertClean(e);
  }

  private static void assertClean(SafetensorsException e) {
    assertFalse(e.getMessage().contains("\n") || e.getMessage().contains("jackson"), e::getMessage);
    assertTrue(e.getMessage().length() < 400, e::getMessage);
  }

  /** Opens a file and reads all of it. Fails unless that succeeds or throws a clean exception. */
  private static boolean readsCleanly(byte[] file) throws IOException {
    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      for (String name : reader.tensors().keySet()) {
        reader.floats(name);
      }
      return true;
    } catch (SafetensorsException e) {
      assertClean(e);
      return false;
    }
  }

  private static byte[] reference() throws IOException {
    try (InputStream in = SafetensorsAttackTest.class.getResourceAsStream("reference.safetensors")) {
      return in.readAllBytes();
    }
  }

  @Test
  void frame() {
    byte[] header = TENSOR.getBytes(StandardCharsets.UTF_8);
    assertProblem(Problem.NO_HEADER_LENGTH, new byte[0]);
    assertProblem(Problem.NO_HEADER_LENGTH, new byte[7]);
    assertProblem(Problem.HEADER_LENGTH, file(0, header, 8));
    assertProblem(Problem.HEADER_LENGTH, file(-1, header, 8));
    assertProblem(Problem.HEADER_LENGTH, file(Long.MIN_VALUE, header, 8));
    assertProblem(Problem.HEADER_LENGTH, file(100_000_001, header, 8));
    assertProblem(Problem.HEADER_BEYOND_FILE, file(100_000_000, header, 8));
    assertProblem(Problem.HEADER_BEYOND_FILE, file(header.length + 1, header, 0));
    assertProblem(Problem.HEADER_START, file(" " + TENSOR, 8));
    assertProblem(Problem.HEADER_START, file("\ufeff" + TENSOR, 8));
    assertProblem(Problem.HEADER_START, file("[]", 0));
    assertProblem(Problem.HEADER_START, file("   ", 0));
    assertProblem(Problem.HEADER_PADDING, file(TENSOR + "\n", 8));
    assertProblem(Problem.HEADER_PADDING, file(TENSOR + "\0", 8));
    assertProblem(Problem.HEADER_PADDING, file("{", 8));
    assertProblem(Problem.TRUNCATED, file(TENSOR, 7));
    assertProblem(Problem.TRAILING_BYTES, file(TENSOR, 9));
    assertProblem(Problem.TRAILING_BYTES, file("{}", 1));
    byte[] notUtf8 = TENSOR.replace('a', '#').getBytes(StandardCharsets.UTF_8);
    notUtf8[TENSOR.indexOf('a')] = (byte) 0xff;
    assertProblem(Problem.HEADER_ENCODING, file(notUtf8.length, notUtf8, 8));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "HEADER_SYNTAX | {'a':}",
      "HEADER_SYNTAX | {a:{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}",
      "HEADER_SYNTAX | {'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}{}",
      "HEADER_SYNTAX | {'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},}",
      "HEADER_SYNTAX | {'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8}]}",
      "HEADER_SYNTAX | {'a':{'dtype':'F32','shape':[NaN],'data_offsets':[0,8]}}",
      "DUPLICATE_KEY | {'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}",
      "DUPLICATE_KEY | {'a':{'dtype':'F32','dtype':'F32','shape':[2],'data_offsets':[0,8]}}",
      "DUPLICATE_KEY | {'a':{'dtype':'F32','shape':[2],'shape':[2],'data_offsets':[0,8]}}",
      "DUPLICATE_KEY | {'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8],'data_offsets':[0,8]}}",
      "DUPLICATE_KEY | {'__metadata__':{},'__metadata__':{},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}",
      "DUPLICATE_KEY | {'__metadata__':{'k':'1','k':'2'},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}",
      "METADATA | {'__metadata__':{'k':1},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}",
      "METADATA | {'__metadata__':{'k':{}},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}",
      "METADATA | {'__metadata__':'k','a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}",
      "METADATA | {'__metadata__':null,'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}",
      "ENTRY | {'a':3}",
      "ENTRY | {'a':null}",
      "ENTRY | {'a':[]}",
      "ENTRY | {'a':{}}",
      "ENTRY | {'a':{'shape':[2],'data_offsets':[0,8]}}",
      "ENTRY | {'a':{'dtype':'F32','data_offsets':[0,8]}}",
      "ENTRY | {'a':{'dtype':'F32','shape':[2]}}",
      "ENTRY | {'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8],'more':1}}",
      "DTYPE | {'a':{'dtype':'f32','shape':[2],'data_offsets':[0,8]}}",
      "DTYPE | {'a':{'dtype':'F8_E4M3','shape':[8],'data_offsets':[0,8]}}",
      "DTYPE | {'a':{'dtype':32,'shape':[2],'data_offsets':[0,8]}}",
      "SHAPE | {'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}}",
      "SHAPE | {'a':{'dtype':'F32','shape':[2.0],'data_offsets':[0,8]}}",
      "SHAPE | {'a':{'dtype':'F32','shape':['2'],'data_offsets':[0,8]}}",
      "SHAPE | {'a':{'dtype':'F32','shape':[[2]],'data_offsets':[0,8]}}",
      "SHAPE | {'a':{'dtype':'F32','shape':2,'data_offsets':[0,8]}}",
      "SHAPE | {'a':{'dtype':'F32','shape':[18446744073709551618],'data_offsets':[0,8]}}",
      "SHAPE | {'a':{'dtype':'F32','shape':[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2],'data_offsets':[0,8]}}",
      "OVERFLOW | {'a':{'dtype':'F32','shape':[4611686018427387904,4],'data_offsets':[0,8]}}",
      "OVERFLOW | {'a':{'dtype':'F32','shape':[2305843009213693954],'data_offsets':[0,8]}}",
      "OFFSETS | {'a':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}}",
      "OFFSETS | {'a':{'dtype':'F32','shape':[2],'data_offsets':[-8,0]}}",
      "OFFSETS | {'a':{'dtype':'F32','shape':[2],'data_offsets':[0]}}",
      "OFFSETS | {'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8,8]}}",
      "OFFSETS | {'a':{'dtype':'F32','shape':[2],'data_offsets':[0,99999999999999999999]}}",
      "OFFSETS | {'a':{'dtype':'F32','shape':[2],'data_offsets':'0,8'}}",
      "SIZE | {'a':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}}",
      "SIZE | {'a':{'dtype':'F64','shape':[2],'data_offsets':[0,8]}}",
      "SIZE | {'a':{'dtype':'F32','shape':[0],'data_offsets':[0,8]}}",
      "GAP | {'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}",
      "GAP | {'a':{'dtype':'F16','shape':[1],'data_offsets':[0,2]},'b':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}",
      "OVERLAP | {'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'b':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}",
      "OVERLAP | {'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'b':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}",
      "TRUNCATED | {'a':{'dtype':'F32','shape':[1000000000000],'data_offsets':[0,4000000000000]}}",
  })
  void headers(Problem expected, String header) {
    assertProblem(expected, file(header.replace('\'', '"'), 8));
  }

  @Test
  void orderOfTheHeaderNeedNotBeTheOrderOfTheData() throws IOException {
    byte[] file = file("{\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]},"
        + "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
        + "\"e\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,4]}}  ", 8);
    file[file.length - 2] = (byte) 0x80;
    file[file.length - 1] = 0x3f;
    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      assertEquals(1f, reader.floats("b").values()[0]);
      assertEquals(0f, reader.floats("a").values()[0]);
    }
    assertTrue(readsCleanly(file("{}", 0)), "a file of no tensors is valid");
  }

  @Test
  void messagesQuoteStrangersCarefully() {
    String name = "\\u0007\\n" + "x".repeat(5000);
    SafetensorsException e = assertThrows(SafetensorsException.class, () -> SafetensorsReader.open(file("{\"" + name + "\":3}", 8)));
    assertClean(e);
  }

  @Test
  void truncatedAnywhereIsAnError() throws IOException {
    byte[] reference = reference();
    for (int length = 0; length < reference.length; length++) {
      assertFalse(readsCleanly(Arrays.copyOf(reference, length)), "cut to " + length + " bytes");
    }
    assertFalse(readsCleanly(Arrays.copyOf(reference, reference.length + 1)));
  }

  @Test
  void everyFlippedHeaderByteIsReadOrRefusedCleanly() throws IOException {
    byte[] reference = reference();
    int headerEnd = 8 + (int) ByteBuffer.wrap(reference).order(ByteOrder.LITTLE_ENDIAN).getLong();
    Set<Problem> seen = new HashSet<>();
    for (int at = 0; at < headerEnd; at++) {
      for (int change = 1; change < 256; change = change < 128 ? change * 2 : change + 127) {
        byte[] flipped = reference.clone();
        flipped[at] ^= (byte) change;
        try (SafetensorsReader reader = SafetensorsReader.open(flipped)) {
          for (String name : reader.tensors().keySet()) {
            reader.floats(name);
          }
        } catch (SafetensorsException e) {
          assertClean(e);
          seen.add(e.problem());
        }
      }
    }
    assertTrue(seen.size() > 10, "flips reach many checks: " + seen);
  }

  @Test
  void randomBodiesAndHeadersOfRandomTokens() throws IOException {
    Random random = new Random(7);
    String[] tokens = {"{", "}", "[", "]", ":", ",", "\"a\"", "\"dtype\"", "\"F32\"", "\"shape\"", "\"data_offsets\"", "0", "8", "2", "-1",
        "1e9", "null", "\"__metadata__\"", " ", "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"};
    for (int i = 0; i < 20_000; i++) {
      byte[] noise = new byte[random.nextInt(64)];
      random.nextBytes(noise);
      readsCleanly(noise);
      StringBuilder header = new StringBuilder("{");
      for (int n = random.nextInt(12); n > 0; n--) {
        header.append(tokens[random.nextInt(tokens.length)]);
      }
      readsCleanly(file(header.append('}').toString(), 8));
    }
  }

  @Test
  void deepNestingAndLongNumbersCostNothing() {
    assertProblem(Problem.ENTRY, file("{\"a\":" + "[".repeat(1_000_000) + "}", 0));
    assertProblem(Problem.SHAPE, file("{\"a\":{\"shape\":[" + "[".repeat(1_000_000) + "}", 0));
    assertProblem(Problem.HEADER_SYNTAX, file("{\"a\":{\"shape\":[" + "9".repeat(1_000_000) + "]}}", 0));
    assertProblem(Problem.HEADER_SYNTAX, file("{\"" + "x".repeat(2_000_000) + "\":{}}", 0));
  }
}
