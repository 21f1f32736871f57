package org.tarflowlm.data.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.data.Archives;
import org.tarflowlm.data.Archives.Entry;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.Excerpt;

class InputFileTest {
  private static final byte[] TEXT = Excerpt.text().getBytes(StandardCharsets.US_ASCII);
  private static final Map<String, byte[]> PACKED = Map.of("a.zip", Archives.zip(new Entry("text8", TEXT)), "a.gz", Archives.gz(TEXT),
      "a.bz2", Archives.bz2(TEXT), "a.xz", Archives.xz(TEXT), "a.zst", Archives.zst(TEXT));

  @TempDir private Path folder;

  private InputFile file(String name, byte[] content) throws IOException {
    return InputFile.of(Files.write(folder.resolve(name), content));
  }

  private static byte[] read(InputFile file) throws IOException {
    try (InputStream in = file.open()) {
      return in.readAllBytes();
    }
  }

  /** Returns the message with which reading fails, whatever the exception. */
  private static String failure(InputFile file) {
    Exception e = assertThrows(Exception.class, () -> read(file));
    return e instanceof IOException io ? IoErrors.unreadable(file, io).getMessage() : assertInstanceOf(DataException.class, e).getMessage();
  }

  @Test
  void readsEveryForm() throws IOException {
    assertArrayEquals(TEXT, read(file("a.txt", TEXT)));
    assertTrue(file("a.txt", TEXT).isPlain());
    for (Map.Entry<String, byte[]> packed : PACKED.entrySet()) {
      InputFile input = file(packed.getKey(), packed.getValue());
      assertArrayEquals(TEXT, read(input), packed.getKey());
      assertFalse(input.isPlain());
    }
    assertArrayEquals(TEXT, read(file("no-suffix", PACKED.get("a.gz"))), "the content shows the kind");
  }

  @Test
  void readsSeveralPackedPiecesInOneFile() throws IOException {
    byte[] half = Arrays.copyOf(TEXT, 30_000);
    byte[] rest = Arrays.copyOfRange(TEXT, 30_000, TEXT.length);
    assertArrayEquals(TEXT, read(file("a.gz", joined(Archives.gz(half), Archives.gz(rest)))));
    assertArrayEquals(TEXT, read(file("a.bz2", joined(Archives.bz2(half), Archives.bz2(rest)))));
    assertArrayEquals(TEXT, read(file("a.xz", joined(Archives.xz(half), Archives.xz(rest)))));
    assertArrayEquals(TEXT, read(file("a.zst", joined(Archives.zst(half), Archives.zst(rest)))));
    assertTrue(failure(file("b.gz", joined(Archives.gz(half), new byte[] {1, 2, 3}))).contains("b.gz"), "garbage after the end");
  }

  private static byte[] joined(byte[] a, byte[] b) {
    byte[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  @Test
  void truncatedFilesAreErrors() throws IOException {
    for (Map.Entry<String, byte[]> packed : PACKED.entrySet()) {
      byte[] cut = Arrays.copyOf(packed.getValue(), packed.getValue().length * 2 / 3);
      String message = failure(file(packed.getKey(), cut));
      assertTrue(message.contains(packed.getKey()) && !message.contains("null"), message);
      assertEquals(1, message.lines().count());
    }
  }

  @Test
  void corruptFilesAreErrors() throws IOException {
    for (Map.Entry<String, byte[]> packed : PACKED.entrySet()) {
      byte[] bad = packed.getValue().clone();
      for (int i = bad.length / 2; i < bad.length / 2 + 8; i++) {
        bad[i] ^= 0x55;
      }
      String message = failure(file(packed.getKey(), bad));
      assertTrue(message.contains(packed.getKey()) && !message.contains("null"), message);
    }
  }

  @Test
  void namesThatDoNotMatchTheContentAreErrors() throws IOException {
    for (String name : PACKED.keySet()) {
      String message = failure(file(name, TEXT));
      assertTrue(message.contains("is not a " + name.substring(2) + " file"), message);
      assertTrue(failure(file(name, new byte[0])).contains("it is empty"));
    }
  }

  @Test
  void membersOfZipArchivesAreNamed() throws IOException {
    Path zip = file("two.zip", Archives.zip(new Entry("x.train", "aaa"), new Entry("x.test", "bb"))).path();
    assertEquals("bb", new String(read(InputFile.parse(zip + "#x.test")), StandardCharsets.UTF_8));
    String message = failure(InputFile.of(zip));
    assertTrue(message.contains("has 2 members") && message.contains("x.train, x.test"), message);
    message = failure(InputFile.parse(zip + "#x.valid"));
    assertTrue(message.contains("no member \"x.valid\"") && message.contains("x.train, x.test"), message);
  }

  @Test
  void aFileWithAHashInItsNameIsTakenWhole() throws IOException {
    Path odd = Files.write(folder.resolve("a#b"), TEXT);
    assertEquals(odd, InputFile.parse(odd.toString()).path());
  }

  @Test
  void missingFilesAndFoldersAreErrors() {
    assertTrue(failure(InputFile.of(folder.resolve("none"))).contains("does not exist"));
    assertTrue(failure(InputFile.of(folder)).contains("is not a file"));
  }
}
