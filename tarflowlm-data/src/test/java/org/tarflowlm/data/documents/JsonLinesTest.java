package org.tarflowlm.data.documents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tarflowlm.data.DataException;

class JsonLinesTest {
  private static final String ONE = "{\"text\":\"one\"}";
  private static final String TWO = "{\"text\":\"two\"}";

  private static List<String> texts(byte[] lines, DocumentOptions options, DocumentReport report) throws IOException {
    List<String> texts = new ArrayList<>();
    try (JsonLines source = new JsonLines(new ByteArrayInputStream(lines), "a.jsonl", options, report)) {
      for (DocumentSource.Part part = source.next(); part != null; part = source.next()) {
        part.forEach(document -> texts.add(new String(document.utf8(), StandardCharsets.UTF_8)));
      }
    }
    return texts;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static Stream<String> twoDocuments() {
    return Stream.of(ONE + "\n" + TWO, ONE + "\n" + TWO + "\n", ONE + TWO, ONE + " " + TWO + "\n", ONE + "\r" + TWO + "\r",
        ONE + "\r\n" + TWO + "\r\n", "\n\n" + ONE + "\n \t\n\r\n" + TWO + "\n\n", "\ufeff" + ONE + "\n\ufeff" + TWO, ONE + "\n\r" + TWO,
        "{\"x\":NaN,\"text\":\"one\"}\n{\"text\":\"two\",\"y\":[-Infinity,1e400,-0,123456789012345678901234567890]}");
  }

  @ParameterizedTest
  @MethodSource("twoDocuments")
  void everyWayOfPartingObjects(String lines) throws IOException {
    assertEquals(List.of("one", "two"), texts(utf8(lines), DocumentOptions.DEFAULT, new DocumentReport()));
  }

  static Stream<Arguments> bad() {
    return Stream.of(Arguments.of(utf8("{\"id\":1}"), "line 2 has no field \"text\""),
        Arguments.of(utf8("{\"text\":null}"), "that is null"),
        Arguments.of(utf8("{\"text\":7}"), "that is no string"), Arguments.of(utf8("[\"text\"]"), "no field"),
        Arguments.of(utf8("7"), "no field"), Arguments.of(utf8("{\"text\":\"y\",\"text\":\"z\"}"), "Duplicate field 'text'"),
        Arguments.of(utf8("{\"text\":\"x\""), "line 2 is not valid JSON"),
        Arguments.of(utf8("{\"text\":\"x\"} rest"), "line 2 is not valid JSON after 1 objects"),
        Arguments.of(utf8("{\"text\":\"x\"}{\"txt\":1}"), "line 2 object 2 has no field"),
        Arguments.of(utf8("{\"text\":\"\\ud83d\"}"), "half of a surrogate pair in its field \"text\": U+D83D at character 0"),
        Arguments.of(utf8("{\"text\":\"" + "x".repeat(2000) + "\"}"), "line 2 is longer than 1000 bytes"),
        Arguments.of(new byte[] {'{', '"', 't', 'e', 'x', 't', '"', ':', '"', (byte) 0xe9, '"', '}'}, "byte 0xE9 at offset 24"));
  }

  /**
   * The reader follows one policy: it stops and names the place, or it leaves the line out and counts it. It never loses the lines around a
   * bad one.
   */
  @ParameterizedTest
  @MethodSource("bad")
  void badDocuments(byte[] line, String words) throws IOException {
    DocumentOptions options = DocumentOptions.DEFAULT.withLimits(new DocumentSource.Limits(1000, 1000, 10));
    byte[] lines = (ONE + "\n\0\n" + TWO).getBytes(StandardCharsets.ISO_8859_1);
    byte[] all = new byte[lines.length - 1 + line.length];
    System.arraycopy(lines, 0, all, 0, ONE.length() + 1);
    System.arraycopy(line, 0, all, ONE.length() + 1, line.length);
    System.arraycopy(lines, ONE.length() + 2, all, ONE.length() + 1 + line.length, TWO.length() + 1);
    String message = assertThrows(DataException.class, () -> texts(all, options, new DocumentReport())).getMessage();
    assertTrue(message.contains("a.jsonl line 2") && message.contains(words), message);
    DocumentReport report = new DocumentReport();
    List<String> texts = new ArrayList<>(texts(all, options.withBad(BadDocuments.SKIP), report));
    texts.remove("x");
    assertEquals(List.of("one", "two"), texts);
    assertEquals(1, report.bad());
    assertTrue(report.firstBad().contains(words), report.firstBad());
  }

  @Test
  void whatIsNotUtf8MayBeReplaced() throws IOException {
    byte[] lines = "{\"text\":\"caf\u00e9\"}\n{\"text\":\"a\\udc00b\"}".getBytes(StandardCharsets.ISO_8859_1);
    assertEquals(List.of("caf\ufffd", "a\ufffdb"),
        texts(lines, DocumentOptions.DEFAULT.withBad(BadDocuments.REPLACE), new DocumentReport()));
  }

  @Test
  void theFieldMayHaveAnotherNameOrLieDeeper() throws IOException {
    byte[] lines = utf8("{\"content\":\"one\",\"page\":{\"body\":\"two\"},\"a.b\":\"three\"}");
    for (List<String> each : List.of(List.of("content", "one"), List.of("page.body", "two"), List.of("a.b", "three"))) {
      assertEquals(List.of(each.get(1)), texts(lines, DocumentOptions.DEFAULT.withTextField(each.get(0)), new DocumentReport()));
    }
    for (String wrong : new String[] {"", ".a", "a.", "a..b"}) {
      assertThrows(DataException.class, () -> DocumentOptions.DEFAULT.withTextField(wrong));
    }
  }

  @Test
  void longTextsOfOneLine() throws IOException {
    String text = "\u5c71\u6c34\ud83d\ude00".repeat(400_000);
    assertEquals(List.of(text), texts(utf8("{\"text\":\"" + text + "\"}\r\n"), DocumentOptions.DEFAULT, new DocumentReport()));
  }
}
