package org.tarflowlm.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.data.tokens.TokenSequences;
import org.tarflowlm.data.tokens.TokenShards;

/** Shards, runs and their continuation on HDFS: a name node and a data node in this process, executors in theirs. */
@ExtendWith(Cluster.class)
class HdfsTest {
  @TempDir private static java.nio.file.Path disks;
  private static MiniDFSCluster hdfs;

  @TempDir private java.nio.file.Path folder;

  @BeforeAll
  static void start() throws IOException {
    Configuration settings = new Configuration();
    settings.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, disks.toString());
    hdfs = new MiniDFSCluster.Builder(settings).numDataNodes(1).build();
    hdfs.waitActive();
  }

  @AfterAll
  static void stop() {
    hdfs.shutdown();
  }

  private static String address(String name) {
    return hdfs.getURI() + "/" + name;
  }

  @Test
  void shardsHaveTheLocalIdsAndAKilledJobGoesOn() throws IOException {
    java.nio.file.Path corpus = Files.createDirectories(folder.resolve("corpus/b c")).getParent();
    Files.writeString(corpus.resolve("a.txt"), "call me ishmael");
    Files.writeString(corpus.resolve("b.jsonl"), "{\"text\": \"some years ago\"}\n{\"text\": \"never mind\"}\n");
    Files.writeString(corpus.resolve("b c/z.txt"), "how long precisely");
    Files.writeString(corpus.resolve("empty.txt"), "");
    FileSystem files = hdfs.getFileSystem();
    files.copyFromLocalFile(new Path(corpus.toUri()), new Path("/corpus"));
    SparkTokenizer job = new SparkTokenizer(Cluster.SPARK, "gpt2", DocumentOptions.DEFAULT, address("shards"));
    TokenShards.Index index = job.files(address("corpus"), 1);
    assertEquals(List.of(3, 4L), List.of(index.shards().size(), index.documents()));
    assertArrayEquals(ids(corpus), shards());
    List<Long> written = new ArrayList<>();
    for (TokenShards.Shard each : index.shards()) {
      written.add(files.getFileStatus(new Path("/shards", each.file())).getModificationTime());
    }
    assertTrue(files.delete(new Path("/shards/shards.json"), false) && files.delete(new Path("/shards/shard-00001.tokens"), false));
    assertEquals(index, job.files(address("corpus"), 1));
    assertArrayEquals(ids(corpus), shards());
    for (int i : new int[] {0, 2}) {
      assertEquals(written.get(i), files.getFileStatus(new Path("/shards", index.shards().get(i).file())).getModificationTime());
    }
  }

  private int[] ids(java.nio.file.Path corpus) {
    try (TokenSequence local = TokenSequences.open(InputFile.of(corpus), Tokenizers.byName("gpt2"),
        new CacheFolder(folder.resolve("cache"), true), DocumentOptions.DEFAULT)) {
      return ids(local);
    }
  }

  private static int[] shards() {
    String copy = HadoopText.copy(address("shards"), Cluster.SPARK.sparkContext().hadoopConfiguration()).toString();
    try (TokenSequence joined = TokenSequences.open(copy, Tokenizers.byName("gpt2"))) {
      return ids(joined);
    }
  }

  private static int[] ids(TokenSequence tokens) {
    int[] ids = new int[(int) tokens.length()];
    tokens.read(0, ids, 0, ids.length);
    return ids;
  }

  @Test
  void aKilledDriverIsReplacedByAnotherThatGoesOnToTheSameBits() throws Exception {
    new KilledDriver(address("training"), folder, List.of()).isReplaced();
  }
}
