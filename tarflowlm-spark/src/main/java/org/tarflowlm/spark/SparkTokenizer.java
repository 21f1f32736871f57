package org.tarflowlm.spark;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.DocumentSources;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenShards;
import scala.Tuple2;

/**
 * Tokenises a corpus into a folder of token caches on any file system of Hadoop's, which {@link TokenShards} reads as one. Which document
 * comes when, and in which shard, depends on the corpus and the size of a shard alone, not on partitions or executors. A shard that is
 * there is not made again, so that a job that was killed continues where it was.
 */
public final class SparkTokenizer {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final SparkSession spark;
  private final String tokenizer;
  private final DocumentOptions options;
  private final String output;

  /**
   * A job, which {@link #files} or {@link #rows} runs.
   *
   * @param output folder of the shards: a new one, or that of a job that was killed
   * @throws DataException if there is no such tokenizer
   */
  public SparkTokenizer(SparkSession spark, String tokenizer, DocumentOptions options, String output) {
    this.spark = spark;
    this.tokenizer = Tokenizers.byName(tokenizer).name();
    this.options = options;
    this.output = output;
  }

  /** A file of a corpus on its way to a shard. */
  record Source(String path, long length) implements Serializable {}

  /**
   * Tokenises what the local commands read: a file, or a folder of .txt and .jsonl files and archives of them, in the order in which a
   * local cache of it has them. A file is not divided.
   *
   * @param shardBytes a shard ends with the file that makes it as large as this; at least 1
   * @throws DataException if there is no such file or folder, the output holds finished or other shards, or a document is bad
   */
  public TokenShards.Index files(String input, long shardBytes) throws IOException {
    requireUnfinished();
    List<List<Source>> groups = new ArrayList<>();
    long size = Long.MAX_VALUE;
    for (Source each : list(input)) {
      if (size >= shardBytes) {
        groups.add(new ArrayList<>());
        size = 0;
      }
      groups.get(groups.size() - 1).add(each);
      size += each.length();
    }
    ShardWriter writer = writer();
    List<Integer> missing = IntStream.range(0, groups.size()).filter(i -> !writer.has(i, made(groups.get(i)))).boxed().toList();
    List<Tuple2<Integer, List<Source>>> work = missing.stream().map(i -> new Tuple2<>(i, groups.get(i))).toList();
    if (!work.isEmpty()) {
      List<String> hashes = groups.stream().map(this::made).toList();
      new JavaSparkContext(spark.sparkContext()).parallelize(work, work.size())
          .foreach(each -> writer.ofFiles(each._1(), each._2(), hashes.get(each._1())));
    }
    return finish(writer, groups.size());
  }

  /**
   * Tokenises a column of strings.
   *
   * @param order columns that together differ in every row: they number the documents
   * @param shardDocuments documents a shard, at least 1
   * @throws DataException if the output holds finished or other shards, or a document is bad
   * @throws IllegalArgumentException if there is no such column, or it is not a string
   */
  public TokenShards.Index rows(Dataset<Row> data, String column, List<String> order, int shardDocuments) throws IOException {
    requireUnfinished();
    TarFlowSpark.requireText(data, column);
    Column[] keys = order.stream().map(name -> data.col(name)).toArray(Column[]::new);
    JavaPairRDD<Long, String> numbered = data.sort(keys).select(data.col(column)).javaRDD().zipWithIndex()
        .mapToPair(each -> new Tuple2<>(each._2(), each._1().getString(0)));
    long documents = numbered.count();
    if (documents == 0) {
      throw new DataException("the data have no rows; expected documents");
    }
    int shards = Math.toIntExact((documents + shardDocuments - 1) / shardDocuments);
    ShardWriter writer = writer();
    String made = Sha256.of((tokenizer + "\n" + options + "\n" + documents + "\n" + shardDocuments).getBytes(StandardCharsets.UTF_8));
    List<Integer> missing = IntStream.range(0, shards).filter(i -> !writer.has(i, made)).boxed().toList();
    if (!missing.isEmpty()) {
      numbered.filter(each -> missing.contains((int) (each._1() / shardDocuments)))
          .mapToPair(each -> new Tuple2<>((int) (each._1() / shardDocuments), new Tuple2<>(each._1(), each._2())))
          .groupByKey(missing.size()).foreach(each -> writer.ofRows(each._1(), each._2(), made));
    }
    return finish(writer, shards);
  }

  private ShardWriter writer() {
    return new ShardWriter(tokenizer, options, output, new SerializableConfiguration(spark.sparkContext().hadoopConfiguration()));
  }

  private void requireUnfinished() throws IOException {
    Path index = new Path(output, TokenShards.INDEX);
    if (fileSystem(index).exists(index)) {
      throw new DataException(output + " holds finished shards; expected a new folder, or that of a job that was killed");
    }
  }

  /** Fingerprint of a shard's sources. */
  private String made(List<Source> files) {
    return Sha256.of((tokenizer + "\n" + options + "\n" + files).getBytes(StandardCharsets.UTF_8));
  }

  /** The index comes last: without it nobody takes the folder for whole. */
  private TokenShards.Index finish(ShardWriter writer, int shards) throws IOException {
    List<TokenShards.Shard> all = new ArrayList<>();
    for (int i = 0; i < shards; i++) {
      all.add(writer.shard(i));
    }
    TokenShards.Index index = new TokenShards.Index(tokenizer, all.stream().mapToLong(TokenShards.Shard::documents).sum(), all);
    ShardWriter.writeAtomically(fileSystem(new Path(output)), new Path(output, TokenShards.INDEX), JSON.writeValueAsBytes(index));
    return index;
  }

  /** Files that may hold documents, each folder's in the order of names, as locally. */
  private List<Source> list(String input) throws IOException {
    Path root = new Path(input);
    FileSystem files = fileSystem(root);
    if (!files.exists(root)) {
      throw new DataException("no such file: " + input);
    }
    if (files.getFileStatus(root).isFile()) {
      return List.of(new Source(root.toString(), files.getFileStatus(root).getLen()));
    }
    List<Source> found = new ArrayList<>();
    RemoteIterator<LocatedFileStatus> all = files.listFiles(root, true);
    String base = files.resolvePath(root).toUri().getPath();
    while (all.hasNext()) {
      LocatedFileStatus each = all.next();
      if (DocumentSources.mayHoldDocuments(String.join("/", relative(base, each.getPath())))) {
        found.add(new Source(each.getPath().toString(), each.getLen()));
      }
    }
    if (found.isEmpty()) {
      throw new DataException(input + " holds no document; expected .txt or .jsonl files, or archives of them, not hidden");
    }
    found.sort(Comparator.comparing((Source each) -> relative(base, new Path(each.path())), SparkTokenizer::compare));
    return found;
  }

  private static String[] relative(String base, Path path) {
    return path.toUri().getPath().substring(base.length()).replaceFirst("^/", "").split("/");
  }

  private static int compare(String[] a, String[] b) {
    for (int i = 0; i < Math.min(a.length, b.length); i++) {
      if (!a[i].equals(b[i])) {
        return a[i].compareTo(b[i]);
      }
    }
    return a.length - b.length;
  }

  private FileSystem fileSystem(Path path) throws IOException {
    return FileSystem.get(path.toUri(), spark.sparkContext().hadoopConfiguration());
  }
}
