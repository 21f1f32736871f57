package org.tarflowlm.data.documents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.datavec.api.transform.TransformProcess;
import org.datavec.api.transform.schema.Schema;
import org.datavec.api.writable.IntWritable;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.data.Archives;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.Text8Alphabet;

class Text8CleanerTest {
  private static void assertCleans(String expected, String text) {
    assertEquals(expected, Text8Cleaner.clean(text));
    StringBuilder pieces = new StringBuilder();
    Text8Cleaner cleaner = new Text8Cleaner(pieces);
    for (int i = 0; i < text.length(); i++) {
      cleaner.accept(text, i, i + 1);
    }
    assertEquals(expected, pieces.toString(), "in pieces");
    assertEquals(expected, new Text8Alphabet().decode(new Text8Alphabet().encode(expected)));
  }

  @Test
  void asText8() {
    assertCleans("don t panic it s four two", "  Don't PANIC -- it's 42!\n");
    assertCleans("a one b two zero zero six c", "a1b2006c");
    assertCleans("", " \t\r\n.,;--");
    assertCleans("", "");
    assertCleans("hello world", "hello\u00a0\u2014 world");
  }

  @Test
  void foldsAccents() {
    assertCleans("cafe naive uber strasse lodz", "Caf\u00e9 na\u00efve \u00dcber Stra\u00dfe \u0142\u00f3d\u017a");
    assertCleans("cafe", "cafe\u0301");
    assertCleans("aeon oeuvre thorn istanbul ijs", "\u00c6on \u0152uvre \u00deorn \u0130stanbul \u0133s");
    assertCleans("fi a x two", "\ufb01 \uff21 x\u00b2");
    assertCleans("three four", "\u0663\u0664");
  }

  @Test
  void otherScriptsAndEmojiBecomeSpaces() {
    assertCleans("a b", "a \u4f60\u597d b");
    assertCleans("a b", "a\ud83d\udc4db");
    assertCleans("math", "\ud835\udc40ath");
    assertCleans("a b", "a\ud800b");
  }

  @Test
  void asDataVecTransform() {
    Schema schema = new Schema.Builder().addColumnInteger("n").addColumnString("text").build();
    TransformProcess process = new TransformProcess.Builder(schema).transform(new Text8CleanTransform("text")).build();
    List<Writable> record = List.of(new IntWritable(3), new Text("No. 7, \u00c9cole"));
    assertEquals("no seven ecole", process.execute(record).get(1).toString());
    TransformProcess read = TransformProcess.fromJson(process.toJson());
    assertEquals("no seven ecole", read.execute(record).get(1).toString());
  }

  @TempDir private Path folder;

  @Test
  void cleansFiles() throws IOException {
    String raw = "Chapter 1.\n\nIt was a caf\u00e9, ".repeat(5000);
    Path source = Files.write(folder.resolve("raw.gz"), Archives.gz(raw.getBytes(StandardCharsets.UTF_8)));
    Path target = folder.resolve("clean.txt");
    long written = Text8Cleaner.cleanFile(InputFile.of(source), target);
    assertEquals(Text8Cleaner.clean(raw), Files.readString(target));
    assertEquals(Files.size(target), written);
  }

  @Test
  void documentsAreNoRunningText() throws IOException {
    byte[] tar = Archives.tar(new Archives.Entry("a.txt", "one"));
    List<Path> sources = List.of(folder, Files.write(folder.resolve("a.tgz"), Archives.gz(tar)), Files.write(folder.resolve("corpus"), tar),
        Files.writeString(folder.resolve("a.jsonl"), "{\"text\":\"one\"}\n"));
    for (Path source : sources) {
      String message = assertThrows(DataException.class,
          () -> Text8Cleaner.cleanFile(InputFile.of(source), folder.resolve("clean.txt"))).getMessage();
      assertTrue(message.contains(source + " holds documents; expected one running text"), message);
    }
  }

  @Test
  void aSourceThatIsNoUtf8LeavesTheTargetAlone() throws IOException {
    Path source = Files.write(folder.resolve("raw.txt"), new byte[] {'a', (byte) 0xff, 'b'});
    Path target = Files.writeString(folder.resolve("clean.txt"), "old");
    String message = assertThrows(DataException.class, () -> Text8Cleaner.cleanFile(InputFile.of(source), target)).getMessage();
    assertTrue(message.contains("raw.txt is not valid UTF-8"), message);
    assertEquals("old", Files.readString(target));
    try (var files = Files.list(folder)) {
      assertEquals(2, files.count());
    }
  }
}
