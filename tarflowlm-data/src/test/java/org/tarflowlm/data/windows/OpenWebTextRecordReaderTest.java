package org.tarflowlm.data.windows;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.datavec.api.split.CollectionInputSplit;
import org.datavec.api.split.FileSplit;
import org.datavec.api.writable.NDArrayWritable;
import org.deeplearning4j.datasets.datavec.RecordReaderMultiDataSetIterator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.data.Archives;
import org.tarflowlm.data.Archives.Entry;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.BadDocuments;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.DocumentReport;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.Gpt2Bpe;
import org.tarflowlm.data.tokens.TokenStream;
import org.tarflowlm.data.tokens.TokenStreams;

class OpenWebTextRecordReaderTest {
  private static final Gpt2Bpe GPT2 = new Gpt2Bpe();
  @TempDir private Path folder;

  private static int[] joined(String... documents) {
    IntStream ids = IntStream.empty();
    for (int i = 0; i < documents.length; i++) {
      IntStream separator = i == 0 ? IntStream.empty() : IntStream.of(50256);
      ids = IntStream.concat(ids, IntStream.concat(separator, Arrays.stream(GPT2.encode(documents[i]))));
    }
    return ids.toArray();
  }

  private static int[] all(TokenStream stream) throws IOException {
    try (stream) {
      int[] ids = new int[1 << 20];
      return Arrays.copyOf(ids, stream.read(ids, 0, ids.length));
    }
  }

  private int[] all(Path path, BadDocuments bad) throws IOException {
    return all(TokenStreams.ofDocuments(List.of(InputFile.of(path)), GPT2, DocumentOptions.DEFAULT.withBad(bad), new DocumentReport(), 2));
  }

  private Path archive(Entry... entries) throws IOException {
    return Files.write(folder.resolve("docs.tar.xz"),
        Archives.xz(Archives.tar(new Entry("a_data.xz", Archives.xz(Archives.tar(entries))))));
  }

  @Test
  void separatorsStandBetweenDocuments() throws IOException {
    Path path = archive(new Entry("1.txt", "One."), new Entry("2.txt", "Two <|endoftext|>."), new Entry("3.txt", "Three\n"));
    assertArrayEquals(joined("One.", "Two <|endoftext|>.", "Three\n"), all(path, BadDocuments.FAIL));
  }

  @Test
  void emptyDocumentsAreLeftOut() throws IOException {
    Path path = archive(new Entry("0.txt", ""), new Entry("1.txt", "One."), new Entry("2.txt", ""), new Entry("3.txt", "Three"));
    assertArrayEquals(joined("One.", "Three"), all(path, BadDocuments.FAIL));
  }

  @Test
  void invalidUtf8IsNamedReplacedOrSkipped() throws IOException {
    byte[] bad = {'b', 'a', 'd', (byte) 0xc3, '('};
    Path path = archive(new Entry("1.txt", "One."), new Entry("2.txt", bad), new Entry("3.txt", "Three"));
    String message = assertThrows(DataException.class, () -> all(path, BadDocuments.FAIL)).getMessage();
    assertTrue(message.contains("2.txt is not valid UTF-8: byte 0xC3 at offset 3"), message);
    assertArrayEquals(joined("One.", "bad\ufffd(", "Three"), all(path, BadDocuments.REPLACE));
    assertArrayEquals(joined("One.", "Three"), all(path, BadDocuments.SKIP));
  }

  @Test
  void piecesOfALongFileGiveTheIdsOfTheWhole() throws IOException {
    String text = (Excerpt.text() + " It's 12 o'clock, isn't it?  Two  spaces\n\n caf\u00e9 \ud83d\udc4d. ").repeat(6);
    Path path = Files.writeString(folder.resolve("book.txt"), text);
    assertArrayEquals(GPT2.encode(text), all(path, BadDocuments.FAIL));
  }

  @Test
  void windowsRunOverDocuments() throws Exception {
    Path path = archive(new Entry("1.txt", "The first document."), new Entry("2.txt", "The second document is longer than that."));
    int[] expected = joined("The first document.", "The second document is longer than that.");
    OpenWebTextRecordReader reader = new OpenWebTextRecordReader(4);
    reader.initialize(new FileSplit(path.toFile()));
    RecordReaderMultiDataSetIterator it = new RecordReaderMultiDataSetIterator.Builder(2)
        .addReader("text", reader).addInput("text", 0, 0).addOutput("text", 1, 1).build();
    for (int epoch = 0; epoch < 2; epoch++) {
      int windows = 0;
      while (it.hasNext()) {
        INDArray ids = it.next().getFeatures(0);
        assertEquals(DataType.INT32, ids.dataType());
        for (int row = 0; row < ids.rows(); row++, windows++) {
          assertArrayEquals(Arrays.copyOfRange(expected, windows * 4, windows * 4 + 4), ids.getRow(row).toIntVector());
        }
      }
      assertEquals(expected.length / 4, windows);
      it.reset();
    }
    reader.close();
    assertFalse(reader.hasNext());
  }

  @Test
  void foldersCanBeGivenWholeOrAsFiles() throws Exception {
    Path docs = Files.createDirectories(folder.resolve("docs"));
    Files.writeString(docs.resolve("1.txt"), "The first document.");
    Files.writeString(docs.resolve("2.txt"), "The second one.");
    int[] expected = joined("The first document.", "The second one.");
    OpenWebTextRecordReader whole = new OpenWebTextRecordReader(expected.length);
    whole.initialize(new CollectionInputSplit(List.of(docs.toUri())));
    OpenWebTextRecordReader files = new OpenWebTextRecordReader(expected.length);
    files.initialize(new CollectionInputSplit(List.of(docs.resolve("1.txt").toUri(), docs.resolve("2.txt").toUri())));
    for (OpenWebTextRecordReader reader : List.of(whole, files)) {
      assertArrayEquals(expected, ((NDArrayWritable) reader.next().get(0)).get().toIntVector());
      assertFalse(reader.hasNext());
    }
  }

  @Test
  void manyPartsKeepTheirOrder() throws IOException {
    StringBuilder lines = new StringBuilder();
    String[] documents = new String[400];
    for (int i = 0; i < documents.length; i++) {
      documents[i] = "document number " + i + " " + "word ".repeat(i % 7 * 300);
      lines.append("{\"text\":\"").append(documents[i]).append("\"}\n");
    }
    Path path = Files.write(folder.resolve("docs.jsonl.xz"), Archives.xz(lines.toString().getBytes(StandardCharsets.UTF_8)));
    assertArrayEquals(joined(documents), all(path, BadDocuments.FAIL));
  }
}
