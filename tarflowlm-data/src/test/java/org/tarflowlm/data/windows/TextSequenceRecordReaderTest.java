package org.tarflowlm.data.windows;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.datavec.api.split.CollectionInputSplit;
import org.deeplearning4j.datasets.datavec.RecordReaderMultiDataSetIterator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.TextUnit;
import org.tarflowlm.data.tokenize.Bytes;
import org.tarflowlm.data.tokenize.Gpt2Bpe;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokenize.Tokenizer;

class TextSequenceRecordReaderTest {
  @TempDir private Path folder;

  private Path file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private static TextSequenceRecordReader open(TextSequenceRecordReader.Builder builder, Path... files) throws Exception {
    TextSequenceRecordReader reader = builder.build();
    reader.initialize(new CollectionInputSplit(java.util.Arrays.stream(files).map(Path::toUri).toList()));
    return reader;
  }

  private static List<String> texts(TextSequenceRecordReader reader, Tokenizer tokenizer) {
    List<String> result = new ArrayList<>();
    while (reader.hasNext()) {
      result.add(tokenizer.decode(reader.sequenceRecord().stream().mapToInt(step -> step.get(0).toInt()).toArray()));
    }
    return result;
  }

  private List<String> texts(TextUnit unit, Path... files) throws Exception {
    return texts(open(TextSequenceRecordReader.builder(new Bytes(), unit, 1000), files), new Bytes());
  }

  @Test
  void linesSentencesDocuments() throws Exception {
    Path file = file("a.txt", "A title\n\nOne is here. Two\nis there!\r\nThree");
    assertEquals(List.of("A title", "One is here. Two", "is there!", "Three"), texts(TextUnit.LINE, file));
    assertEquals(List.of("A title", "One is here.", "Two is there!", "Three"), texts(TextUnit.SENTENCE, file));
    assertEquals(List.of(Files.readString(file)), texts(TextUnit.DOCUMENT, file));
  }

  /** The reader takes a large file in pieces, and cuts no line. */
  @Test
  void linesThatPiecesOfAFileCut() throws Exception {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 30_000; i++) {
      lines.add("line number " + i + " of many");
    }
    Path file = file("many.txt", String.join("\n", lines));
    assertEquals(lines, texts(TextUnit.LINE, file));
    assertEquals(1, texts(open(TextSequenceRecordReader.builder(new Bytes(), TextUnit.DOCUMENT, 1 << 22), file), new Bytes()).size());
  }

  @Test
  void documentsOfCollections() throws Exception {
    Path json = file("d.jsonl", "{\"text\": \"first one\"}\n{\"text\": \"second\"}\n");
    assertEquals(List.of("first one", "second", "third"), texts(TextUnit.DOCUMENT, json, file("t.txt", "third")));
  }

  @Test
  void longTextsGoOnAndPatchesAreWhole() throws Exception {
    Path file = file("a.txt", "abcdefghijk\nx\nlmnop");
    Tokenizer alphabet = new Text8Alphabet();
    assertEquals(List.of("abcd", "efgh", "ij", "lmno"),
        texts(open(TextSequenceRecordReader.builder(alphabet, TextUnit.LINE, 5).wholePatches(2), file), alphabet));
    assertEquals(List.of("efgh", "lmno"),
        texts(open(TextSequenceRecordReader.builder(alphabet, TextUnit.LINE, 4).wholePatches(2).shard(1, 2), file), alphabet));
    TextSequenceRecordReader ended = open(TextSequenceRecordReader.builder(new Gpt2Bpe(), TextUnit.LINE, 50).endWithSeparator(), file);
    List<List<org.datavec.api.writable.Writable>> first = ended.sequenceRecord();
    assertEquals(50256, first.get(first.size() - 1).get(0).toInt());
  }

  @Test
  void dl4jPadsBatchesAndAddsMasks() throws Exception {
    Path file = file("a", "ab\nabcd\nc");
    TextSequenceRecordReader reader = open(TextSequenceRecordReader.builder(new Text8Alphabet(), TextUnit.LINE, 9), file);
    MultiDataSetIterator batches = new RecordReaderMultiDataSetIterator.Builder(2).addSequenceReader("text", reader)
        .addInput("text", 0, 0).addOutput("text", 0, 0).build();
    for (int epoch = 0; epoch < 2; epoch++) {
      MultiDataSet batch = batches.next();
      assertArrayEquals(new long[] {2, 1, 4}, batch.getFeatures(0).shape());
      assertEquals(DataType.FLOAT, batch.getFeatures(0).dataType());
      assertArrayEquals(new float[] {1, 2, 0, 0}, batch.getFeatures(0).slice(0).reshape(4).toFloatVector());
      assertArrayEquals(new float[] {1, 1, 0, 0}, batch.getFeaturesMaskArray(0).slice(0).toFloatVector());
      assertEquals(batch.getFeaturesMaskArray(0), batch.getLabelsMaskArray(0));
      batches.next();
      assertFalse(batches.hasNext());
      batches.reset();
    }
  }

  @Test
  void badInputIsNamed() throws Exception {
    Path capital = file("c.txt", "fine\nNot fine");
    TextSequenceRecordReader.Builder lines = TextSequenceRecordReader.builder(new Text8Alphabet(), TextUnit.LINE, 9);
    String message = assertThrows(DataException.class, () -> texts(open(lines, capital), new Text8Alphabet())).getMessage();
    assertTrue(message.contains("c.txt") && message.contains("'N'"), message);
    Path empty = file("e.txt", "\n\n");
    message = assertThrows(DataException.class, () -> open(lines, empty)).getMessage();
    assertTrue(message.endsWith("e.txt: no line of at least 1 token"), message);
    Path bytes = Files.write(folder.resolve("b.txt"), new byte[] {(byte) 0xff});
    message = assertThrows(DataException.class, () -> open(lines, bytes)).getMessage();
    assertTrue(message.contains("not valid UTF-8"), message);
    assertThrows(DataException.class, () -> TextSequenceRecordReader.builder(new Bytes(), TextUnit.LINE, 0));
    assertThrows(DataException.class, () -> TextSequenceRecordReader.builder(new Bytes(), TextUnit.LINE, 3).wholePatches(4));
    assertThrows(UnsupportedOperationException.class, () -> open(lines, file("f.txt", "fine")).next());
  }
}
