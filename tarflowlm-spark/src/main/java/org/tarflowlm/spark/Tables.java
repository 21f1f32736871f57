package org.tarflowlm.spark;

import java.io.IOException;
import java.util.Locale;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Where rows are read from and written to. */
final class Tables {
  private static final Logger LOG = LogManager.getLogger(Tables.class);

  /** File formats. */
  enum Format { PARQUET, JSON, CSV, TEXT }

  @Option(names = "--input", required = true, paramLabel = "PATH", description = "The rows: a file or folder of Parquet, JSON Lines, CSV "
      + "with a header, or text with one row per line, whose column is called text; on any file system that Spark reads.")
  private String input;

  @Option(names = "--format", paramLabel = "KIND", description = "${COMPLETION-CANDIDATES}; default: by --input's suffix.")
  private Format format;

  @Option(names = "--output", paramLabel = "PATH",
      description = "New folder for the rows with their new columns: JSON Lines if its name ends in .jsonl or .json, else Parquet.")
  private String output;

  @Option(names = "--partitions", paramLabel = "N", description = "Spread the rows over N tasks; default: as Spark reads them.")
  private Integer partitions;

  String input() {
    return input;
  }

  String output() {
    return output;
  }

  /** @throws ParameterException if there is no output */
  void requireOutput(CommandLine command) {
    if (output == null) {
      throw new ParameterException(command, "Missing required option: '--output=PATH'");
    }
  }

  /**
   * @throws IOException if the file systems cannot be read
   * @throws IllegalArgumentException in one line if the input does not exist, or the output does
   */
  Dataset<Row> read(SparkSession spark) throws IOException {
    requireNew(spark, output);
    requireFile(spark, input);
    Dataset<Row> rows = switch (format == null ? format(input) : format) {
      case PARQUET -> parquet(spark, input);
      case JSON -> spark.read().json(input);
      case CSV -> spark.read().option("header", true).option("escape", "\"").option("multiLine", true).csv(input);
      case TEXT -> spark.read().text(input).withColumnRenamed("value", "text");
    };
    return partitions == null ? rows : rows.repartition(partitions);
  }

  /** Writes the rows and returns a view that reads them back. */
  Dataset<Row> write(SparkSession spark, Dataset<Row> rows) {
    if (format(output) == Format.JSON) {
      rows.write().option("ignoreNullFields", false).json(output);
      return spark.read().schema(rows.schema()).json(output);
    }
    rows.write().parquet(output);
    return spark.read().parquet(output);
  }

  /** @throws IllegalArgumentException in one line if it is not Parquet */
  static Dataset<Row> parquet(SparkSession spark, String path) throws IOException {
    requireFile(spark, path);
    try {
      return spark.read().parquet(path);
    } catch (Exception e) { // Spark throws undeclared checked exceptions that name its task
      LOG.debug("not read", e);
      throw new IllegalArgumentException(path + " cannot be read as Parquet; expected Parquet files, or a suffix or --format that names "
          + "another format", e);
    }
  }

  private static void requireFile(SparkSession spark, String path) throws IOException {
    if (!exists(spark, path)) {
      throw new IllegalArgumentException("no such file: " + path);
    }
  }

  static void requireNew(SparkSession spark, String path) throws IOException {
    if (exists(spark, path)) {
      throw new IllegalArgumentException(path + " exists; expected the name of a new folder");
    }
  }

  private static boolean exists(SparkSession spark, String name) throws IOException {
    Path path = new Path(name);
    return FileSystem.get(path.toUri(), spark.sparkContext().hadoopConfiguration()).exists(path);
  }

  static Format format(String name) {
    String lower = name.toLowerCase(Locale.ROOT).replaceAll("\\.(gz|bz2|zst)$", "");
    if (lower.endsWith(".json") || lower.endsWith(".jsonl") || lower.endsWith(".ndjson")) {
      return Format.JSON;
    }
    return lower.endsWith(".csv") ? Format.CSV : lower.endsWith(".txt") || lower.endsWith(".text") ? Format.TEXT : Format.PARQUET;
  }
}
