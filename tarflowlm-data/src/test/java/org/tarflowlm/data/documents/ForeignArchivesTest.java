package org.tarflowlm.data.documents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tarflowlm.data.Archives;
import org.tarflowlm.data.Archives.Entry;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.InputFile;

/** GNU tar, bsdtar, zip, 7-Zip, zstd, pzstd and Python wrote these archives. The reader reads each as a whole, or refuses it by name. */
class ForeignArchivesTest {
  @TempDir private Path folder;

  private Path foreign(String name) throws IOException {
    try (InputStream in = ForeignArchivesTest.class.getResourceAsStream("/org/tarflowlm/data/foreign/" + name)) {
      return Files.write(folder.resolve(name), in.readAllBytes());
    }
  }

  private Path file(String name, byte[] content) throws IOException {
    Path path = folder.resolve(name);
    Files.createDirectories(path.getParent());
    return Files.write(path, content);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static List<String> texts(Path path) throws IOException {
    List<String> texts = new ArrayList<>();
    try (DocumentSource source = DocumentSources.open(InputFile.of(path), DocumentOptions.DEFAULT, new DocumentReport())) {
      for (DocumentSource.Part part = source.next(); part != null; part = source.next()) {
        part.forEach(document -> texts.add(new String(document.utf8(), StandardCharsets.UTF_8)));
      }
    }
    return texts;
  }

  private static void assertRefused(Path path, String... words) {
    String message = assertThrows(DataException.class, () -> texts(path)).getMessage();
    for (String word : words) {
      assertTrue(message.contains(word), message);
    }
    assertEquals(1, message.lines().count());
  }

  @ParameterizedTest
  @ValueSource(strings = {"sparse-gnu.tar.gz", "sparse-pax-0.0.tar.gz", "sparse-pax-0.1.tar.gz", "sparse-pax-1.0.tar.gz"})
  void filesWithHolesAreWhole(String name) throws IOException {
    String text = "a".repeat(4095) + "\n" + "\0".repeat(1 << 16) + "b".repeat(4095) + "\n";
    assertEquals(List.of(text), texts(foreign(name)));
  }

  @ParameterizedTest
  @CsvSource(textBlock = """
      plain-v7.tar.gz, one
      plain-ustar.tar.gz, one
      long-name-gnu.tar.gz, one two
      long-name-posix.tar.gz, one two
      latin1-name.tar.gz, one
      backslash.tar.gz, one
      beside.tar.gz, one
      bsdtar-pax.tar.gz, one
      incremental.tar.gz, one
      volume-label.tar.gz, one
      streamed-stored.zip, one
      streamed-zip64.zip, one
      bzip2-member.zip, one
      macos.zip, one
      code-page-437.zip, one
      backslashes.zip, one two
      bsdtar-pipe.zip, one
      7-zip.zip, one
      twice.zip, one two
      two-frames.txt.zst, onetwo
      pzstd.txt.zst, onetwo
      long-window.txt.zst, one""")
  void isReadWhole(String name, String expected) throws IOException {
    assertEquals(List.of(expected.split(" ")), texts(foreign(name)));
  }

  @ParameterizedTest
  @CsvSource(textBlock = """
      hard-link.tar.gz, docs/b.txt is a link to docs/a.txt
      symbolic-link.tar.gz, docs/b.txt is a link to a.txt
      symbolic-link.zip, #l/b.txt is a link
      lfs-pointer.tar.gz, a.txt is a pointer of Git LFS
      lzma-member.zip, #a.txt is packed by method LZMA
      encrypted.zip, #a.txt is encrypted""")
  void isRefusedByName(String name, String words) throws IOException {
    assertRefused(foreign(name), name, words);
  }

  @Test
  void tarsEndWithTheirEndMark() throws IOException {
    byte[] tar = Archives.tar(new Entry("a.txt", "one"), new Entry("b.txt", "two"));
    assertRefused(file("between.tar", Arrays.copyOf(tar, 1024)), "between.tar", "without the end mark");
    assertRefused(file("within.tar", Arrays.copyOf(tar, 1100)), "within.tar");
    byte[] both = Arrays.copyOf(tar, 2 * tar.length);
    System.arraycopy(tar, 0, both, tar.length, tar.length);
    assertRefused(file("both.tar", both), "both.tar", "continues after the end mark");
    assertRefused(file("empty.tar", new byte[0]), "empty.tar", "holds no entry");
    assertEquals(List.of("one", "two"), texts(file("padded.tar", Arrays.copyOf(tar, tar.length + 30_000))));
  }

  @Test
  void aTarIsKnownByItsContent() throws IOException {
    byte[] tar = Archives.tar(new Entry("a.txt", "one"), new Entry("b.txt", "two"));
    for (String name : new String[] {"corpus", "corpus.1", "urlsf_subset00-1_data.xz"}) {
      assertEquals(List.of("one", "two"), texts(file(name, name.endsWith(".xz") ? Archives.xz(tar) : tar)), name);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tgz", "tar.gz", "tbz2", "tbz", "tar.bz2", "txz", "tar.xz", "tar.zst", "tzst", "tar"})
  void suffixesOfTars(String suffix) throws IOException {
    byte[] tar = Archives.tar(new Entry("a.txt", "one"), new Entry("b.jsonl", "{\"text\":\"two\"}"), new Entry("c.txt.gz",
        Archives.gz(bytes("three"))));
    byte[] packed = suffix.contains("b") ? Archives.bz2(tar) : suffix.contains("x") ? Archives.xz(tar)
        : suffix.contains("s") ? Archives.zst(tar) : suffix.equals("tar") ? tar : Archives.gz(tar);
    assertEquals(List.of("one", "two", "three"), texts(file("a." + suffix, packed)));
  }

  @Test
  void foldersHoldDocumentsInEveryForm() throws IOException {
    file("docs/a.txt.gz", Archives.gz(bytes("a")));
    file("docs/b.txt.bz2", Archives.bz2(bytes("b")));
    file("docs/c.txt.xz", Archives.xz(bytes("c")));
    file("docs/d.txt.zst", Archives.zst(bytes("d")));
    file("docs/e.zip", Archives.zip(new Entry("1.txt", "e"), new Entry("2.ndjson", "{\"text\":\"f\"}\n")));
    file("docs/g.jsonl.gz", Archives.gz(bytes("{\"text\":\"g\"}")));
    file("docs/h.jsonl.zst", Archives.zst(bytes("{\"text\":\"h\"}")));
    file("docs/.hidden/x.txt", bytes("no"));
    file("docs/.ipynb_checkpoints/x-checkpoint.txt", bytes("no"));
    for (String beside : new String[] {"._a.txt", "~$a.txt", "__MACOSX/a.txt", "@eaDir/a.txt", "$RECYCLE.BIN/a.txt", "lost+found/a.txt",
        "System Volume Information/a.txt", "#recycle/a.txt"}) {
      file("docs/" + beside, bytes("no"));
    }
    file("docs/README.md", bytes("no"));
    assertEquals(List.of("a", "b", "c", "d", "e", "f", "g", "h"), texts(folder.resolve("docs")));
  }

  @Test
  void linksInFoldersAreFollowedButNotRound() throws IOException {
    file("blobs/1", bytes("one"));
    file("other/2.txt", bytes("two"));
    Path docs = Files.createDirectories(folder.resolve("docs"));
    Files.createSymbolicLink(docs.resolve("a.txt"), Path.of("../blobs/1"));
    Files.createSymbolicLink(docs.resolve("b"), Path.of("../other"));
    Files.createSymbolicLink(docs.resolve("c"), Path.of("."));
    Files.createSymbolicLink(folder.resolve("link"), docs);
    assertEquals(List.of("one", "two"), texts(docs));
    assertEquals(List.of("one", "two"), texts(folder.resolve("link")));
    Files.createSymbolicLink(docs.resolve("d.txt"), Path.of("../nowhere"));
    assertRefused(docs, "d.txt is a link to nothing");
  }

  @Test
  void whatIsNoTextIsRefusedByName() throws IOException {
    assertRefused(file("a.txt", bytes("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")), "a.txt", "Git LFS");
    byte[] sevenZip = {'7', 'z', (byte) 0xbc, (byte) 0xaf, 0x27, 0x1c, 0, 4};
    assertRefused(file("a.7z", sevenZip), "a.7z is a 7z archive");
    assertRefused(folder.resolve("none.txt"), "does not exist");
    InputFile member = InputFile.parse(folder + "#a.txt");
    String ofFolder = assertThrows(DataException.class, () -> DocumentSources.isCollection(member)).getMessage();
    assertTrue(ofFolder.contains(folder + " is a folder; expected " + folder.resolve("a.txt")), ofFolder);
    String message = assertThrows(DataException.class,
        () -> InputFile.parse(file("b.gz", Archives.gz(bytes("b"))) + "#b.txt").open()).getMessage();
    assertTrue(message.contains("is not a zip archive"), message);
  }

  @Test
  void theOnlyMemberOfAZipIsUnpackedToo() throws IOException {
    assertEquals(List.of("one"), texts(file("text.zip", Archives.zip(new Entry("a.txt.gz", Archives.gz(bytes("one")))))));
    byte[] lines = bytes("{\"text\":\"one\"}{\"text\":\"two\"}");
    assertEquals(List.of("one", "two"), texts(file("lines.zip", Archives.zip(new Entry("a.jsonl.zst", Archives.zst(lines))))));
    byte[] tar = Archives.tar(new Entry("a.txt", "one"), new Entry("b.txt", "two"));
    assertEquals(List.of("one", "two"), texts(file("tar.zip", Archives.zip(new Entry("a.tgz", Archives.gz(tar))))));
    assertRefused(file("none.zip", Archives.zip()), "none.zip holds no file");
    assertEquals(List.of(), texts(file("none.txt.bz2", Archives.bz2(new byte[0]))));
  }

  @Test
  void damageIsFoundByChecksums() throws IOException {
    byte[] zip = Archives.zip(new Entry("a.txt", "some words that are packed, some words that are packed"));
    zip[40] ^= 1;
    assertRefused(file("a.zip", zip), "a.zip");
    byte[] zst = Archives.zst(bytes("one two three four five six"));
    assertRefused(file("a.txt.zst", Arrays.copyOf(zst, zst.length - 3)), "a.txt.zst");
    byte[] gz = Archives.gz(Archives.tar(new Entry("a.txt", "one")));
    assertRefused(file("a.tar.gz", Arrays.copyOf(gz, gz.length - 4)), "a.tar.gz");
  }

  @Test
  void longNamesMeetALimit() throws IOException {
    byte[] header = Archives.tar(new Entry("././@LongLink", ""));
    header[156] = 'L';
    System.arraycopy(bytes("17777777777\0"), 0, header, 124, 12);
    Arrays.fill(header, 148, 156, (byte) ' ');
    int sum = 0;
    for (int i = 0; i < 512; i++) {
      sum += header[i] & 0xff;
    }
    System.arraycopy(bytes(String.format("%06o\0 ", sum)), 0, header, 148, 8);
    byte[] tar = new byte[4 << 20];
    Arrays.fill(tar, (byte) 'a');
    System.arraycopy(header, 0, tar, 0, 512);
    assertRefused(file("long.tar", tar), "long.tar", "header is longer than 1048576 bytes");
  }
}
