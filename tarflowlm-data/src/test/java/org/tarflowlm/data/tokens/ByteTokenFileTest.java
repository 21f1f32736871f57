package org.tarflowlm.data.tokens;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.datavec.api.split.FileSplit;
import org.datavec.api.writable.NDArrayWritable;
import org.deeplearning4j.datasets.datavec.RecordReaderMultiDataSetIterator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.tarflowlm.data.Archives;
import org.tarflowlm.data.Archives.Entry;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.documents.UnknownCharacters;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.windows.Enwik8RecordReader;
import org.tarflowlm.data.windows.Text8RecordReader;

class ByteTokenFileTest {
  private static final Text8Alphabet TEXT8 = new Text8Alphabet();
  @TempDir private Path folder;

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("corpus.txt"), text);
  }

  @Test
  void readsAnywhere() throws IOException {
    TokenSequence tokens = TokenSequences.open(file(Excerpt.text()).toString(), TEXT8);
    assertEquals(Excerpt.text().length(), tokens.length());
    int[] ids = new int[12];
    tokens.read(40000, ids, 1, 11);
    assertEquals(Excerpt.text().substring(40000, 40011), TEXT8.decode(ids).substring(1));
    tokens.slice(1000, 2000).read(5, ids, 0, 12);
    assertEquals(Excerpt.text().substring(1005, 1017), TEXT8.decode(ids));
  }

  @Test
  void leavesOutTheFinalLineEnd() throws IOException {
    assertEquals(4, TokenSequences.open(file("a bc\n").toString(), TEXT8).length());
    assertEquals(4, TokenSequences.open(file("a bc\r\n").toString(), TEXT8).length());
  }

  @Test
  void namesForeignCharacters() throws IOException {
    Path path = file("x".repeat(70_000) + "some Text");
    String message = assertThrows(DataException.class, () -> TokenSequences.open(path.toString(), TEXT8)).getMessage();
    assertTrue(message.contains("corpus.txt: character 'T' (U+0054) at offset 70005"), message);
    Path utf8 = file("caf\u00e9");
    message = assertThrows(DataException.class, () -> TokenSequences.open(utf8.toString(), TEXT8)).getMessage();
    assertTrue(message.contains("byte 0xC3 at offset 3"), message);
  }

  @Test
  void leavesOutForeignCharactersByChoice() throws IOException {
    TokenSequence tokens = ByteTokenFile.open(InputFile.of(file("a1b2\nC d")), TEXT8, UnknownCharacters.SKIP);
    int[] ids = new int[4];
    tokens.read(0, ids, 0, 4);
    assertEquals("ab d", TEXT8.decode(ids));
    assertEquals(4, tokens.length());
  }

  @Test
  void compressedFilesAreReadAnywhere() throws IOException {
    Path zip = Files.write(folder.resolve("two.zip"), Archives.zip(new Entry("a", "aaaa"), new Entry("b", Excerpt.text())));
    TokenSequence tokens = TokenSequences.open(zip + "#b", TEXT8);
    int[] ids = new int[30];
    tokens.read(50_000, ids, 0, 30);
    assertEquals(Excerpt.text().substring(50_000, 50_030), TEXT8.decode(ids));
    byte[] gz = Archives.gz(Excerpt.text().getBytes(StandardCharsets.US_ASCII));
    Path cut = Files.write(folder.resolve("cut.gz"), Arrays.copyOf(gz, 10_000));
    String message = assertThrows(DataException.class, () -> TokenSequences.open(cut.toString(), TEXT8)).getMessage();
    assertTrue(message.contains("cut.gz: it ends too early"), message);
  }

  @Test
  void streamsThroughDl4jsIterator() throws Exception {
    Text8RecordReader reader = new Text8RecordReader(256);
    reader.initialize(new FileSplit(file(Excerpt.text() + "\n").toFile()));
    RecordReaderMultiDataSetIterator it = new RecordReaderMultiDataSetIterator.Builder(32)
        .addReader("text", reader).addInput("text", 0, 0).addOutput("text", 1, 1).build();
    int windows = 0;
    StringBuilder text = new StringBuilder();
    while (it.hasNext()) {
      MultiDataSet batch = it.next();
      assertEquals(DataType.INT32, batch.getFeatures(0).dataType());
      assertArrayEquals(batch.getFeatures(0).shape(), batch.getLabels(0).shape());
      windows += batch.getFeatures(0).rows();
      text.append(TEXT8.decode(batch.getFeatures(0).reshape(-1).toIntVector()));
    }
    assertEquals(Excerpt.text().length() / 256, windows);
    assertEquals(Excerpt.text().substring(0, windows * 256), text.toString());
  }

  @Test
  void aFileShorterThanAWindow() throws IOException {
    Path path = file("short");
    String message = assertThrows(DataException.class,
        () -> new Text8RecordReader(10).initialize(new FileSplit(path.toFile()))).getMessage();
    assertTrue(message.contains("shorter than one window of 10"), message);
  }

  @Test
  void documentsAreNotStreamedAsOneText() throws IOException {
    Path tar = Files.write(folder.resolve("a.tar"), Archives.tar(new Entry("a.txt", "one")));
    String message = assertThrows(DataException.class,
        () -> new Enwik8RecordReader(10).initialize(new FileSplit(tar.toFile()))).getMessage();
    assertTrue(message.contains("a.tar holds documents; expected one running text"), message);
  }

  @Test
  void workersShareNoWindow() throws Exception {
    Path path = file("aabbccddeeffg");
    StringBuilder all = new StringBuilder();
    for (int k = 0; k < 3; k++) {
      Text8RecordReader reader = new Text8RecordReader(2);
      reader.shard(k, 3);
      reader.initialize(new FileSplit(path.toFile()));
      for (int epoch = 0; epoch < 2; epoch++) {
        while (reader.hasNext()) {
          all.append(TEXT8.decode(((NDArrayWritable) reader.next().get(0)).get().toIntVector()));
        }
        reader.reset();
      }
    }
    assertEquals("aaddaadd" + "bbeebbee" + "ccffccff", all.toString());
    Text8RecordReader none = new Text8RecordReader(5);
    none.shard(2, 3);
    String message = assertThrows(DataException.class, () -> none.initialize(new FileSplit(path.toFile()))).getMessage();
    assertTrue(message.contains("for worker 2 of 3"), message);
  }

  @Test
  void skipsForeignCharactersByChoice() throws Exception {
    Text8RecordReader reader = new Text8RecordReader(4, null, UnknownCharacters.SKIP);
    reader.initialize(new FileSplit(file("a1b2\nc d").toFile()));
    assertEquals("abc ", TEXT8.decode(((NDArrayWritable) reader.next().get(0)).get().toIntVector()));
    Text8RecordReader strict = new Text8RecordReader(2);
    Path path = file("ab\ncd");
    strict.initialize(new FileSplit(path.toFile()));
    String message = assertThrows(DataException.class, strict::next).getMessage();
    assertTrue(message.contains("U+000A at offset 2"), message);
  }
}
