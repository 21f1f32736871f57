package org.tarflowlm.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.spark.SparkException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.BadDocuments;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.data.tokens.TokenSequences;
import org.tarflowlm.data.tokens.TokenShards;

/** Compares executors' shards with the local token cache of the same corpus. */
@ExtendWith(Cluster.class)
class SparkTokenizerTest {
  @TempDir private Path folder;
  private Path corpus;
  private String output;

  @BeforeEach
  void writeACorpus() throws IOException {
    corpus = Files.createDirectories(folder.resolve("corpus/b-folder")).getParent();
    Files.writeString(corpus.resolve("a.txt"), "call me ishmael");
    Files.writeString(corpus.resolve("b.jsonl"), "{\"text\": \"some years ago\"}\n{\"text\": \"never mind\"}\n");
    Files.writeString(corpus.resolve("b-folder/z.txt"), "how long precisely");
    Files.writeString(corpus.resolve("b-folder/README.md"), "left out");
    Files.writeString(corpus.resolve("c.txt"), "having little or no money");
    Files.writeString(corpus.resolve(".hidden.txt"), "left out");
    output = folder.resolve("shards").toString();
  }

  private SparkTokenizer tokenizer(String name) {
    return new SparkTokenizer(Cluster.SPARK, name, DocumentOptions.DEFAULT, output);
  }

  private void assertLocal(String tokenizer, Path source) {
    CacheFolder cache = new CacheFolder(folder.resolve("cache"), true);
    try (TokenSequence local = TokenSequences.open(InputFile.of(source), Tokenizers.byName(tokenizer), cache, DocumentOptions.DEFAULT);
        TokenSequence shards = TokenSequences.open(output, Tokenizers.byName(tokenizer))) {
      assertArrayEquals(ids(local), ids(shards));
    }
  }

  private static int[] ids(TokenSequence tokens) {
    int[] ids = new int[(int) tokens.length()];
    tokens.read(0, ids, 0, ids.length);
    return ids;
  }

  @ParameterizedTest
  @CsvSource({"gpt2, 1, 4", "bytes, 20, 3", "gpt2, 1000000, 1"})
  void aFoldersShardsHaveTheIdsOfItsLocalCache(String tokenizer, long shardBytes, int shards) throws IOException {
    TokenShards.Index index = tokenizer(tokenizer).files(corpus.toString(), shardBytes);
    assertEquals(shards, index.shards().size(), index.toString());
    assertEquals(5, index.documents());
    assertLocal(tokenizer, corpus);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5})
  void aColumnsShardsDoNotDependOnThePartitions(int partitions) throws IOException {
    List<String> documents = IntStream.range(0, 23).mapToObj(i -> "document number " + i).toList();
    Path local = folder.resolve("local.jsonl");
    Files.write(local, documents.stream().map(each -> "{\"text\": \"" + each + "\"}").toList());
    TokenShards.Index index = tokenizer("gpt2").rows(Cluster.texts(documents, partitions), "text", List.of("id"), 10);
    assertEquals(3, index.shards().size());
    assertLocal("gpt2", local);
  }

  @Test
  void shardsWithoutTextAreNotInTheIndex() throws IOException {
    Files.writeString(corpus.resolve("aa.txt"), "");
    Files.writeString(corpus.resolve("d.txt"), "");
    TokenShards.Index index = tokenizer("gpt2").files(corpus.toString(), 1);
    assertEquals(List.of(4, 5L), List.of(index.shards().size(), index.documents()));
    assertLocal("gpt2", corpus);
    Path empty = Files.writeString(folder.resolve("empty.txt"), "");
    assertLine(empty + " holds no document with text", () -> new SparkTokenizer(Cluster.SPARK, "gpt2", DocumentOptions.DEFAULT,
        folder.resolve("none").toString()).files(empty.toString(), 1));
  }

  /** A name with blanks and marks, here and on another kind of file system. */
  @ParameterizedTest
  @CsvSource({"'', a b%20c.zip", "shared://, a b%20c.zip", "shared://, text.txt", "shared://, ''"})
  void aLoneFileAndAnotherFileSystemHaveTheLocalIds(String scheme, String name) throws IOException {
    Path zip = folder.resolve("corpus/a b%20c.zip");
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
      out.putNextEntry(new ZipEntry("one.txt"));
      out.write("loomings".getBytes(StandardCharsets.UTF_8));
      out.putNextEntry(new ZipEntry("two.txt"));
      out.write("the carpet bag".getBytes(StandardCharsets.UTF_8));
    }
    Files.writeString(corpus.resolve("text.txt"), "the spouter inn");
    output = scheme + folder.resolve("shards");
    tokenizer("gpt2").files(scheme + (name.isEmpty() ? corpus : corpus.resolve(name)), 1);
    output = folder.resolve("shards").toString();
    assertLocal("gpt2", name.isEmpty() ? corpus : corpus.resolve(name));
  }

  @Test
  void aKilledExecutorCostsNoDocument() throws Exception {
    Path many = Files.createDirectory(folder.resolve("many"));
    for (int i = 0; i < 12; i++) {
      Files.writeString(many.resolve("document" + i + ".txt"), "text of document " + i);
    }
    FutureTask<TokenShards.Index> job = new FutureTask<>(() -> tokenizer("slow").files(many.toString(), 1));
    Thread thread = new Thread(job);
    Cluster.killAnExecutorAfterTheFirstTask(thread);
    assertEquals(12, job.get().documents());
    assertLocal("slow", many);
  }

  @Test
  void aKilledJobGoesOnWithTheShardsThatAreMissing() throws IOException {
    tokenizer("gpt2").files(corpus.toString(), 1);
    assertLine("holds finished shards; expected a new folder, or that of a killed job",
        () -> tokenizer("gpt2").files(corpus.toString(), 1));
    Path shards = Path.of(output);
    List<FileTime> before = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      before.add(Files.getLastModifiedTime(shards.resolve("shard-0000" + i + ".tokens")));
    }
    Files.delete(shards.resolve("shards.json"));
    byte[] whole = Files.readAllBytes(shards.resolve("shard-00002.tokens"));
    Files.write(shards.resolve("shard-00002.tokens"), Arrays.copyOf(whole, whole.length - 1));
    assertLine("its header announces " + whole.length + "; delete it to rebuild it", () -> tokenizer("gpt2").files(corpus.toString(), 1));
    Files.delete(shards.resolve("shard-00002.tokens"));
    assertLine("was made from other documents, by another tokenizer or with other options; expected a new folder",
        () -> tokenizer("bytes").files(corpus.toString(), 1));
    Path first = corpus.resolve("a.txt");
    FileTime written = Files.getLastModifiedTime(first);
    Files.setLastModifiedTime(first, FileTime.fromMillis(written.toMillis() + 5));
    assertLine("was made from other documents, by another tokenizer or with other options; expected a new folder",
        () -> tokenizer("gpt2").files(corpus.toString(), 1));
    Files.setLastModifiedTime(first, written);
    tokenizer("gpt2").files(corpus.toString(), 1);
    assertLocal("gpt2", corpus);
    for (int i : new int[] {0, 1, 3}) {
      assertEquals(before.get(i), Files.getLastModifiedTime(shards.resolve("shard-0000" + i + ".tokens")));
    }
  }

  @Test
  void badDocumentsEndTheJobOrAreLeftOut() throws IOException {
    List<String> documents = new ArrayList<>(List.of("a", "b"));
    documents.add(null);
    Dataset<Row> rows = Cluster.texts(documents, 2);
    assertTrue(assertThrows(SparkException.class, () -> tokenizer("gpt2").rows(rows, "text", List.of("id"), 10)).getMessage()
        .contains("document 2 is null; expected a text"));
    assertEquals(2, new SparkTokenizer(Cluster.SPARK, "gpt2", DocumentOptions.DEFAULT.withBad(BadDocuments.SKIP), output)
        .rows(rows, "text", List.of("id"), 10).documents());
    assertLine("no such file: /nowhere", () -> new SparkTokenizer(Cluster.SPARK, "gpt2", DocumentOptions.DEFAULT,
        folder.resolve("other").toString()).files("/nowhere", 1));
  }

  private static void assertLine(String end, org.junit.jupiter.api.function.Executable action) {
    String message = assertThrows(DataException.class, action).getMessage();
    assertTrue(message.endsWith(end), message);
  }
}
