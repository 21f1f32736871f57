package org.tarflowlm.spark;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.apache.spark.Partitioner;
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
import org.tarflowlm.data.documents.FolderFiles;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenShardBuilder;
import org.tarflowlm.data.tokens.TokenShards;
import scala.Tuple2;

/**
 * Tokenises a corpus into a folder of token caches on any Hadoop file system; {@link TokenShards} reads them as one. The order of
 * documents and their split into shards depend only on the corpus and the shard size, not on partitions or executors. A shard that exists
 * is not made again, so a killed job resumes where it stopped.
 */
public final class SparkTokenizer {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Logger LOG = LogManager.getLogger(SparkTokenizer.class);

  private final SparkSession spark;
  private final String tokenizer;
  private final DocumentOptions options;
  private final String output;

  /**
   * A job that {@link #files} or {@link #rows} runs.
   *
   * @param output folder of the shards: a new one, or that of a killed job
   * @throws DataException if there is no such tokenizer
   */
  public SparkTokenizer(SparkSession spark, String tokenizer, DocumentOptions options, String output) {
    this.spark = spark;
    this.tokenizer = Tokenizers.byName(tokenizer).name();
    this.options = options;
    this.output = output;
  }

  /** A corpus file that goes into a shard; its modification time in milliseconds since 1970. */
  record Source(String path, long length, long modified) implements Serializable {
    static Source of(FileStatus file) {
      return new Source(file.getPath().toString(), file.getLen(), file.getModificationTime());
    }
  }

  /** Which shards exist when work starts, and which are missing. */
  private record Plan(List<ShardWriter.Made> existing, List<Integer> missing) {}

  /**
   * Tokenises what the local commands read: a file, or a folder of .txt and .jsonl files and archives of them. The order is that of a
   * local cache of the corpus. A file is never split between shards.
   *
   * @param shardBytes a shard is closed after the file that brings it to this many bytes; at least 1
   * @return the index that was written to the output
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
    List<String> made = groups.stream().map(each -> made(each.toString())).toList();
    Plan plan = plan(writer, made);
    List<ShardWriter.Made> all = new ArrayList<>(plan.existing());
    boolean folder = fileSystem(new Path(input)).getFileStatus(new Path(input)).isDirectory();
    List<Tuple2<Integer, List<Source>>> work = plan.missing().stream().map(i -> new Tuple2<>(i, groups.get(i))).toList();
    if (!work.isEmpty()) {
      all.addAll(new JavaSparkContext(spark.sparkContext()).parallelize(work, work.size())
          .map(each -> folder ? writer.ofFiles(each._1(), each._2(), made.get(each._1()))
              : writer.ofFile(each._2().get(0), made.get(each._1()))).collect());
    }
    return finish(input, all);
  }

  /**
   * Tokenises a column of strings.
   *
   * @param order columns whose values together are unique in each row; rows sorted by them number the documents
   * @param shardDocuments documents per shard, at least 1
   * @return the index that was written to the output
   * @throws DataException if the output holds finished or other shards, or a document is bad
   * @throws IllegalArgumentException if there is no such column, or it does not hold strings
   */
  public TokenShards.Index rows(Dataset<Row> data, String column, List<String> order, int shardDocuments) throws IOException {
    requireUnfinished();
    TarFlowSpark.requireText(data, column);
    order.forEach(each -> TarFlowSpark.requireColumn(data, each));
    Column[] keys = order.stream().map(name -> data.col(name)).toArray(Column[]::new);
    JavaPairRDD<Long, String> numbered = data.sort(keys).select(data.col(column)).javaRDD().zipWithIndex()
        .mapToPair(each -> new Tuple2<>(each._2(), each._1().getString(0)));
    long documents = numbered.count();
    if (documents == 0) {
      throw new DataException("the data have no rows; expected documents");
    }
    int shards = Math.toIntExact((documents + shardDocuments - 1) / shardDocuments);
    ShardWriter writer = writer();
    String made = made(documents + "\n" + shardDocuments);
    Plan plan = plan(writer, Collections.nCopies(shards, made));
    List<ShardWriter.Made> all = new ArrayList<>(plan.existing());
    List<Integer> missing = plan.missing();
    if (!missing.isEmpty()) {
      ByShard partitions = new ByShard(missing, shardDocuments);
      all.addAll(numbered.filter(each -> partitions.has(each._1())).repartitionAndSortWithinPartitions(partitions)
          .mapPartitionsWithIndex((i, rows) -> List.of(writer.ofRows(missing.get(i), rows, made)).iterator(), true).collect());
    }
    return finish("the column " + column, all);
  }

  /** One partition per missing shard. */
  private static final class ByShard extends Partitioner {
    private static final long serialVersionUID = 1L;
    private final Map<Integer, Integer> partitions = new HashMap<>();
    private final int shardDocuments;

    ByShard(List<Integer> missing, int shardDocuments) {
      missing.forEach(shard -> partitions.put(shard, partitions.size()));
      this.shardDocuments = shardDocuments;
    }

    boolean has(long number) {
      return partitions.containsKey((int) (number / shardDocuments));
    }

    @Override
    public int numPartitions() {
      return partitions.size();
    }

    @Override
    public int getPartition(Object number) {
      return partitions.get((int) ((Long) number / shardDocuments));
    }
  }

  private ShardWriter writer() {
    return new ShardWriter(tokenizer, options, output, new SerializableConfiguration(spark.sparkContext().hadoopConfiguration()));
  }

  private void requireUnfinished() throws IOException {
    Path index = new Path(output, TokenShards.INDEX);
    if (fileSystem(index).exists(index)) {
      throw new DataException(output + " holds finished shards; expected a new folder, or that of a killed job");
    }
  }

  /** Fingerprint of a shard's source, tokenizer and options. */
  private String made(String documents) {
    String reader = TokenShardBuilder.reader(Tokenizers.byName(tokenizer), options);
    return Sha256.of((tokenizer + "\n" + reader + "\n" + options + "\n" + documents).getBytes(StandardCharsets.UTF_8));
  }

  private static Plan plan(ShardWriter writer, List<String> made) throws IOException {
    Plan plan = new Plan(new ArrayList<>(), new ArrayList<>());
    for (int i = 0; i < made.size(); i++) {
      ShardWriter.Made existing = writer.existing(i, made.get(i));
      if (existing == null) {
        plan.missing().add(i);
      } else {
        plan.existing().add(existing);
      }
    }
    return plan;
  }

  /** Writes the index last: without it, no reader takes the folder for complete. The index omits shards without any text. */
  private TokenShards.Index finish(String input, List<ShardWriter.Made> made) throws IOException {
    long bad = made.stream().mapToLong(ShardWriter.Made::bad).sum();
    String left = made.stream().map(ShardWriter.Made::firstBad).filter(Objects::nonNull).findFirst().orElse(null);
    List<TokenShards.Shard> shards = made.stream().sorted(Comparator.comparing(ShardWriter.Made::number)).map(ShardWriter.Made::shard)
        .filter(each -> each.tokens() > 0).toList();
    if (shards.isEmpty()) {
      throw new DataException(input + " holds no document with text" + (bad == 0 ? "" : " (" + bad + " bad documents were left out: " + left
          + ")"));
    }
    if (bad > 0) {
      LOG.warn("{}: {} bad documents were left out; one of them: {}", input, bad, left);
    }
    TokenShards.Index index = new TokenShards.Index(tokenizer, shards.stream().mapToLong(TokenShards.Shard::documents).sum(), shards);
    byte[] json = JSON.writeValueAsBytes(index);
    ShardWriter.writeAtomically(fileSystem(new Path(output)), new Path(output, TokenShards.INDEX), out -> out.write(json));
    return index;
  }

  /** Files that may hold documents, in the order of the local commands: by name within each folder. */
  private List<Source> list(String input) throws IOException {
    FileSystem files = fileSystem(new Path(input));
    Path root = files.makeQualified(new Path(input));
    if (!files.exists(root)) {
      throw new DataException("no such file: " + input);
    }
    if (files.getFileStatus(root).isFile()) {
      return List.of(Source.of(files.getFileStatus(root)));
    }
    List<Source> found = ShardWriter.isLocal(root) ? localDocuments(root) : documents(files, root);
    if (found.isEmpty()) {
      throw new DataException(input + " holds no document; expected .txt or .jsonl files, or archives of them, not hidden");
    }
    return found;
  }

  /** Lists a local folder without Hadoop, whose listing starts a process for each file's permissions. */
  private static List<Source> localDocuments(Path folder) throws IOException {
    List<Source> found = new ArrayList<>();
    for (java.nio.file.Path each : FolderFiles.documents(java.nio.file.Path.of(folder.toUri().getPath()))) {
      found.add(new Source(new Path(each.toUri()).toString(), Files.size(each), Files.getLastModifiedTime(each).toMillis()));
    }
    return found;
  }

  private static List<Source> documents(FileSystem files, Path folder) throws IOException {
    List<Source> found = new ArrayList<>();
    RemoteIterator<LocatedFileStatus> all = files.listFiles(folder, true);
    String base = files.resolvePath(folder).toUri().getPath();
    while (all.hasNext()) {
      LocatedFileStatus each = all.next();
      if (DocumentSources.mayHoldDocuments(String.join("/", relative(base, each.getPath())))) {
        found.add(Source.of(each));
      }
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
