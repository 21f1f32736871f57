package org.tarflowlm.data.tokens;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.BadDocuments;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.Text8Cleaner;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.Bytes;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokenize.Tokenizers;

/** A cache knows its sources. A reader notices a text that changes under it. */
class ChangedSourcesTest {
  @TempDir private Path folder;

  private String text(Path source) {
    return text(source, DocumentOptions.DEFAULT);
  }

  private String text(Path source, DocumentOptions options) {
    CacheFolder cache = new CacheFolder(folder.resolve("cache"), true);
    try (TokenSequence tokens = TokenSequences.open(InputFile.of(source), new Bytes(), cache, options)) {
      int[] ids = new int[(int) tokens.length()];
      tokens.read(0, ids, 0, ids.length);
      return new Bytes().decode(ids);
    }
  }

  private long caches() throws IOException {
    try (var files = Files.list(folder.resolve("cache/tokens"))) {
      return files.filter(file -> file.toString().endsWith(".tokens")).count();
    }
  }

  @Test
  void everyWayOfChangingAFolder() throws IOException {
    Path docs = Files.createDirectories(folder.resolve("docs"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), docs);
    Path a = Files.writeString(docs.resolve("a.txt"), "one");
    FileTime time = FileTime.fromMillis(1_000_000);
    Files.setLastModifiedTime(a, time);
    assertEquals("one", text(link));
    assertEquals("one", text(docs));
    assertEquals(1, caches(), "the same folder by another name");
    Files.writeString(a, "two");
    Files.setLastModifiedTime(a, time);
    assertEquals("two", text(link), "equal length, equal time");
    Path other = Files.writeString(folder.resolve("other"), "six");
    Files.setLastModifiedTime(other, time);
    Files.move(other, a, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    assertEquals("six", text(docs), "replaced by a file of equal length and time");
    Files.writeString(docs.resolve("b.txt"), "b");
    assertEquals("six\nb", text(link), "grown");
    Files.move(docs.resolve("b.txt"), docs.resolve("0.txt"));
    assertEquals("b\nsix", text(link), "renamed");
    Files.writeString(docs.resolve("README"), "of another kind");
    Files.delete(docs.resolve("0.txt"));
    assertEquals("six", text(link), "shrunk");
    Path target = Files.writeString(folder.resolve("blob"), "ten");
    Files.delete(a);
    Files.createSymbolicLink(a, target);
    assertEquals("ten", text(docs));
    Files.writeString(target, "elf");
    assertEquals("elf", text(docs), "what a link leads to has changed");
  }

  @Test
  void otherOptionsAreOtherCaches() throws IOException {
    Path lines = Files.writeString(folder.resolve("a.jsonl"), "{\"text\":\"one\",\"body\":\"two\"}\n{\"id\":1,\"body\":\"three\"}\n");
    assertEquals("two\nthree", text(lines, DocumentOptions.DEFAULT.withTextField("body")));
    assertEquals("one", text(lines, DocumentOptions.DEFAULT.withBad(BadDocuments.SKIP)));
    assertEquals("two\nthree", text(lines, DocumentOptions.DEFAULT.withTextField("body")));
    assertThrows(DataException.class, () -> text(lines));
  }

  @Test
  void aTextThatIsCutWhileItIsReadIsAnError() throws IOException {
    Path file = Files.writeString(folder.resolve("a.text8"), "a".repeat(200_000));
    try (TokenSequence tokens = TokenSequences.open(file.toString(), new Text8Alphabet())) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(1000);
      }
      String message = assertThrows(DataException.class, () -> tokens.read(150_000, new int[1000], 0, 1000)).getMessage();
      assertTrue(message.contains("a.text8 is shorter than the 200000 bytes"), message);
    }
  }

  @Test
  void hashesTellSequencesApart() {
    TokenArray one = TokenArray.of("some text", Tokenizers.byName("bytes"));
    assertEquals(one.contentHash(), TokenArray.of("some text", Tokenizers.byName("bytes")).contentHash());
    assertNotEquals(one.contentHash(), TokenArray.of("some texT", Tokenizers.byName("bytes")).contentHash());
    assertNotEquals(one.contentHash(), one.slice(0, 8).contentHash());
  }

  @Test
  void badBytesAreNamedByTheirOffsetInTheFile() throws IOException {
    byte[] bytes = "some plain words to fill a file with\n".repeat(140_000).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    bytes[4_600_123] = (byte) 0xe9;
    Path large = Files.write(folder.resolve("large.txt"), bytes);
    CacheFolder cache = new CacheFolder(folder.resolve("cache"), true);
    String message = assertThrows(DataException.class,
        () -> TokenSequences.open(InputFile.of(large), Tokenizers.byName("gpt2"), cache, DocumentOptions.DEFAULT)).getMessage();
    assertTrue(message.contains("byte 0xE9 at offset 4600123"), message);
    message = assertThrows(DataException.class, () -> Text8Cleaner.cleanFile(InputFile.of(large), folder.resolve("clean"))).getMessage();
    assertTrue(message.contains("byte 0xE9 at offset 4600123"), message);
    Path utf16 = Files.write(folder.resolve("a.txt"), new byte[] {(byte) 0xff, (byte) 0xfe, 'a', 0});
    message = assertThrows(DataException.class,
        () -> TokenSequences.open(InputFile.of(utf16), Tokenizers.byName("gpt2"), cache, DocumentOptions.DEFAULT)).getMessage();
    assertTrue(message.contains("UTF-16"), message);
  }
}
