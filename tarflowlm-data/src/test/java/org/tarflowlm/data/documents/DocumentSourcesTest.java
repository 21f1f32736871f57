package org.tarflowlm.data.documents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.data.Archives;
import org.tarflowlm.data.Archives.Entry;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.InputFile;

class DocumentSourcesTest {
  @TempDir private Path folder;

  private Path file(String name, byte[] content) throws IOException {
    Path path = folder.resolve(name);
    Files.createDirectories(path.getParent());
    return Files.write(path, content);
  }

  private Path file(String name, String content) throws IOException {
    return file(name, content.getBytes(StandardCharsets.UTF_8));
  }

  private static List<String> texts(Path path, DocumentSource.Limits limits) throws IOException {
    List<String> texts = new ArrayList<>();
    try (DocumentSource source = DocumentSources.open(InputFile.of(path),
        DocumentOptions.DEFAULT.withLimits(limits), new DocumentReport())) {
      for (DocumentSource.Part part = source.next(); part != null; part = source.next()) {
        part.forEach(d -> texts.add(new String(d.utf8(), StandardCharsets.UTF_8)));
      }
    }
    return texts;
  }

  private static List<String> texts(Path path) throws IOException {
    return texts(path, DocumentSource.Limits.DEFAULT);
  }

  private static void assertFails(Path path, DocumentSource.Limits limits, String... words) {
    String message = assertThrows(DataException.class, () -> texts(path, limits)).getMessage();
    for (String word : words) {
      assertTrue(message.contains(word), message);
    }
  }

  private static void assertFails(Path path, String... words) {
    assertFails(path, DocumentSource.Limits.DEFAULT, words);
  }

  /** OpenWebText is published like this: an xz tar of xz tars. */
  private static byte[] openWebText() {
    byte[] first = Archives.xzWithLargeDictionary(Archives.tar(new Entry("0001-a.txt", "one"), new Entry("0002-b.txt", "two")));
    byte[] second = Archives.xz(Archives.tar(new Entry("0003-c.txt", "three"), new Entry("notes.md", "no text")));
    return Archives.xz(Archives.tar(new Entry("openwebtext/", ""), new Entry("openwebtext/urlsf_subset00-1_data.xz", first),
        new Entry("openwebtext/README", "no text"), new Entry("openwebtext/urlsf_subset00-2_data.xz", second)));
  }

  @Test
  void openWebTextAsPublished() throws IOException {
    assertEquals(List.of("one", "two", "three"), texts(file("openwebtext.tar.xz", openWebText())));
  }

  @Test
  void tarsOfTextsAndArchivesInTheirOrder() throws IOException {
    byte[] inner = Archives.gz(Archives.tar(new Entry("x.txt", "x"), new Entry("y.txt", "y")));
    byte[] tar = Archives.tar(new Entry("a.txt", "a"), new Entry("b.tar.gz", inner), new Entry("c.txt", "c"));
    assertEquals(List.of("a", "x", "y", "c"), texts(file("mixed.tar", tar)));
    assertEquals(List.of("a", "x", "y", "c"), texts(file("mixed.tgz", Archives.gz(tar))));
    assertEquals(List.of("a", "x", "y", "c"), texts(file("mixed.tar.bz2", Archives.bz2(tar))));
  }

  @Test
  void largeInnerArchivesAreStreamed() throws IOException {
    Random random = new Random(4);
    Entry[] entries = new Entry[12];
    for (int i = 0; i < entries.length; i++) {
      byte[] noise = new byte[500_000];
      random.nextBytes(noise);
      entries[i] = new Entry(i + ".txt", noise);
    }
    byte[] inner = Archives.gz(Archives.tar(entries));
    assertTrue(inner.length > MemberDocuments.IN_MEMORY);
    Path path = file("large.tar", Archives.tar(new Entry("a.txt", "a"), new Entry("big.tgz", inner), new Entry("z.txt", "z")));
    List<String> texts = texts(path);
    assertEquals(14, texts.size());
    assertEquals(new String(entries[11].content(), StandardCharsets.UTF_8), texts.get(12));
    assertEquals("z", texts.get(13));
  }

  @Test
  void foldersInOrderOfNames() throws IOException {
    file("docs/b/2.txt", "2");
    file("docs/a.txt", "a");
    file("docs/b/10.txt", "10");
    file("docs/c_data.xz", Archives.xz(Archives.tar(new Entry("c.txt", "c"))));
    file("docs/d.txt", "d");
    file("docs/e.pdf", "no text");
    assertEquals(List.of("a", "10", "2", "c", "d"), texts(folder.resolve("docs")));
  }

  @Test
  void jsonLines() throws IOException {
    String lines = "{\"text\": \"one\\ntwo\", \"id\": 1}\n\n{\"id\": 2, \"text\": \"caf\\u00e9 \\ud83d\\udc4d\"}\r\n{\"text\":\"last\"}";
    List<String> expected = List.of("one\ntwo", "caf\u00e9 \ud83d\udc4d", "last");
    assertEquals(expected, texts(file("a.jsonl", lines)));
    assertEquals(expected, texts(file("a.jsonl.gz", Archives.gz(lines.getBytes(StandardCharsets.UTF_8)))));
    assertFails(file("b.jsonl", "{\"text\":\"a\"}\n{\"txt\":\"b\"}\n"), "b.jsonl line 2", "no field \"text\"");
    assertFails(file("c.jsonl", "{\"text\":7}\n"), "c.jsonl line 1", "no string");
    assertFails(file("d.jsonl", "{\"text\":\"a\"}\n{\"text\":\n"), "d.jsonl line 2", "not valid JSON");
    assertFails(file("e.jsonl", "[1]"), "e.jsonl line 1", "no field");
    assertFails(file("f.jsonl", "{\"text\":\"\\ud83d\"}"), "f.jsonl line 1", "surrogate");
    assertFails(file("g.jsonl", "{\"text\":\"" + "a".repeat(200) + "\"}"), new DocumentSource.Limits(100, 1000, 10), "line 1", "100 bytes");
  }

  @Test
  void aWholeFileComesInPieces() throws IOException {
    String text = Excerpt.text().repeat(12);
    List<String> pieces = texts(file("book.txt", text));
    assertTrue(pieces.size() > 2);
    assertEquals(text, String.join("", pieces));
    assertEquals(List.of("short"), texts(file("short.txt", "short")));
    assertFails(file("blob.txt", "x".repeat(17 << 20)), "blob.txt", "a word of more than 16777216 bytes at offset 0");
  }

  @Test
  void entriesThatLeadOutOfTheFolderAreRefused() throws IOException {
    for (String name : new String[] {"../evil.txt", "/etc/evil.txt", "a/../../evil.txt"}) {
      assertFails(file("evil.tar", Archives.tar(new Entry(name, "x"))), "evil.tar", name, "leads out of its folder");
    }
    byte[] inner = Archives.xz(Archives.tar(new Entry("../evil.txt", "x")));
    assertFails(file("evil.tar.xz", Archives.xz(Archives.tar(new Entry("a_data.xz", inner)))), "a_data.xz", "leads out of its folder");
  }

  @Test
  void bombsMeetTheLimits() throws IOException {
    byte[] zeros = new byte[3_000_000];
    DocumentSource.Limits limits = new DocumentSource.Limits(1_000_000, 2_000_000, 5);
    assertFails(file("a.tar", Archives.tar(new Entry("big.txt", new byte[1_500_000]))), limits, "a.tar/big.txt", "1500000", "1000000");
    byte[] bomb = Archives.tar(new Entry("x.md", zeros));
    assertFails(file("b.tar", Archives.tar(new Entry("in.xz", Archives.xz(bomb)))), limits, "in.xz", "unpacks to", "limit is 2000000");
    assertFails(file("c.tar", Archives.tar(new Entry("in.tar.gz", Archives.gz(bomb)))), limits, "in.tar.gz", "3000000", "2000000");
    Entry[] many = new Entry[7];
    Arrays.setAll(many, i -> new Entry(i + ".txt", new byte[400_000]));
    assertFails(file("d.tar", Archives.tar(many)), limits, "more than 5 entries");
    assertFails(file("e.tar", Archives.tar(new Entry("in.tar.bz2", Archives.bz2(Archives.tar(Arrays.copyOf(many, 5)))))),
        new DocumentSource.Limits(1_000_000, 1_000_000, 100), "in.tar.bz2", "more than 1000000 bytes");
  }

  @Test
  void damagedArchivesAreErrors() throws IOException {
    byte[] whole = openWebText();
    for (int length : new int[] {20, whole.length / 2, whole.length - 4}) {
      assertFails(file("cut.tar.xz", Arrays.copyOf(whole, length)), "cut.tar.xz");
    }
    byte[] bad = whole.clone();
    bad[whole.length / 2] ^= 0x10;
    assertFails(file("bad.tar.xz", bad), "bad.tar.xz");
    assertFails(file("plain.tar", "this is no tar archive at all ".repeat(100)), "plain.tar");
    byte[] inner = Archives.xz("no tar inside ".repeat(100).getBytes(StandardCharsets.UTF_8));
    assertFails(file("inner.tar", Archives.tar(new Entry("a_data.xz", inner))), "inner.tar/a_data.xz");
    byte[] cutInner = Archives.xz(Archives.tar(new Entry("x.txt", "x")));
    assertFails(file("inner2.tar", Archives.tar(new Entry("a.xz", Arrays.copyOf(cutInner, cutInner.length - 9)))), "inner2.tar/a.xz");
  }

  @Test
  void missingSourcesAreErrors() {
    assertFails(folder.resolve("none.tar.xz"), "none.tar.xz", "does not exist");
  }
}
