package org.tarflowlm.data.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.tarflowlm.data.Archives;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.Excerpt;
import org.tukaani.xz.XZInputStream;

class XzBytesTest {
  private static final byte[] TEXT = Excerpt.text().getBytes(StandardCharsets.US_ASCII);

  @Test
  void needsNoLargerDictionaryThanTheContent() throws IOException {
    byte[] xz = Archives.xzWithLargeDictionary(TEXT);
    byte[] asItIs = xz.clone();
    assertThrows(IOException.class, () -> new XZInputStream(new ByteArrayInputStream(asItIs), 1 << 10).readAllBytes(), "64 MiB");
    assertArrayEquals(TEXT, XzBytes.open(xz, "a.xz", TEXT.length).readAllBytes());
    assertArrayEquals(TEXT, new XZInputStream(new ByteArrayInputStream(xz), 1 << 10).readAllBytes(), "1 MiB is enough now");
  }

  @Test
  void refusesMoreThanTheLimitBeforeUnpacking() {
    byte[] bomb = Archives.xz(new byte[5_000_000]);
    String message = assertThrows(DataException.class, () -> XzBytes.open(bomb, "bomb.xz", 1_000_000)).getMessage();
    assertEquals("bomb.xz unpacks to 5000000 bytes; the limit is 1000000", message);
  }

  @Test
  void damageIsAnError() {
    byte[] xz = Archives.xz(TEXT);
    for (int at : new int[] {0, 13, 20, xz.length / 2, xz.length - 30, xz.length - 10, xz.length - 1}) {
      byte[] bad = xz.clone();
      bad[at] ^= 0x20;
      assertThrows(IOException.class, () -> XzBytes.open(bad, "a.xz", 1 << 20).readAllBytes(), "byte " + at);
    }
    for (int length : new int[] {0, 5, 30, xz.length / 2, xz.length - 1}) {
      IOException e = assertThrows(IOException.class, () -> XzBytes.open(Arrays.copyOf(xz, length), "a.xz", 1 << 20).readAllBytes());
      assertTrue(!IoErrors.reason(e).isEmpty());
    }
  }
}
