package org.tarflowlm.spark;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.tarflowlm.Score;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;

/**
 * Applies a model to DataFrames: each method returns the columns of the data, followed by new ones.
 * <pre>
 * Dataset&lt;Row&gt; scored = TarFlowSpark.score(texts, "text", SparkOptions.of("text8-mixd"));
 * </pre>
 *
 * <p>A row that cannot be processed, such as a null text or one with a character that the model does not know, has null in the new
 * columns and a reason in {@code error}; otherwise {@code error} is null. A model that an executor cannot open ends the job.
 *
 * <p>Results equal those of {@link TarFlowLM} in one JVM with the same kernel threads and OpenBLAS core type, to the last bit, however
 * the rows are spread. Spark evaluates a DataFrame again for every action, and twice for a sort: write or persist the result first.
 */
public final class TarFlowSpark {
  private static final DataType DOUBLES = DataTypes.createArrayType(DataTypes.DoubleType, false);
  static final StructType SCORE = new StructType().add("bits_per_character", DataTypes.DoubleType).add("tokens", DataTypes.LongType)
      .add("characters", DataTypes.LongType).add("bound", DataTypes.StringType).add("standard_error", DataTypes.DoubleType);
  static final StructType TOKEN_BITS = new StructType().add("token_bits", DOUBLES);
  static final StructType GENERATION = new StructType().add("generated", DataTypes.StringType)
      .add("generated_tokens", DataTypes.LongType).add("exact", DataTypes.BooleanType);
  static final StructType LATENTS = new StructType().add("latents", new ArrayType(DOUBLES, false)).add("latent_mean", DOUBLES);

  private TarFlowSpark() {}

  /**
   * Settings that make executors compute as this JVM does: threads and kernels, as environment variables. Values that are already set
   * stay. Call this before the session is created.
   *
   * @throws IllegalStateException if this Spark is too old
   */
  public static SparkConf configure(SparkConf conf) {
    SparkVersion.require();
    Numerics.ofThisProcess().pin(conf);
    return conf.setIfMissing("spark.sql.artifact.isolation.enabled", "false"); // else Spark 4 hides sent files from DataFrames
  }

  /**
   * Adds {@code bits_per_character}, {@code tokens}, {@code characters}, {@code bound}, {@code standard_error} (null for a text of one
   * window) and {@code error}, as {@link TarFlowLM#score(String, org.tarflowlm.ScoringOptions)} gives them. A long text is scored in
   * windows.
   *
   * @throws IllegalArgumentException if there is no such column, it is not a string, or a new column's name is taken
   * @throws org.tarflowlm.checkpoint.CheckpointException if the driver finds no such model
   */
  public static Dataset<Row> score(Dataset<Row> data, String text, SparkOptions options) {
    int column = column(data, text, DataTypes.StringType);
    return apply(data, SCORE, options, (model, row) -> scored(model, text(row, column, text), options));
  }

  /**
   * Scores one long text, whose windows tasks share. The score equals that of {@link
   * TarFlowLM#score(org.tarflowlm.data.tokens.TokenSequence, org.tarflowlm.ScoringOptions)}, to the last bit.
   *
   * @param text a file, a folder of documents or token shards, or a part of a corpus, under a name that every machine can resolve; or
   *     an address such as {@code hdfs://host/shards}, which each machine copies
   * @throws org.tarflowlm.data.DataException if there is no such text, or it is empty
   */
  public static Score scoreText(SparkSession spark, String text, SparkOptions options) {
    return LongText.score(new JavaSparkContext(spark.sparkContext()), text, DocumentOptions.DEFAULT, options);
  }

  /** Adds {@code token_bits}, the bits of each token ({@link org.tarflowlm.TokenScorer}), and {@code error}; throws as {@link #score}. */
  public static Dataset<Row> tokenBits(Dataset<Row> data, String text, SparkOptions options) {
    int column = column(data, text, DataTypes.StringType);
    return apply(data, TOKEN_BITS, options, (model, row) -> tokenBits(model, text(row, column, text), options));
  }

  /**
   * Adds {@code generated}, {@code generated_tokens}, {@code exact} and {@code error}: a continuation of each prompt, as
   * {@link TarFlowLM#generate(String)} gives it.
   *
   * @throws IllegalArgumentException as {@link #score}
   */
  public static Dataset<Row> generate(Dataset<Row> data, String prompt, SparkOptions options) {
    int column = column(data, prompt, DataTypes.StringType);
    int seed = seedColumn(data, options);
    return apply(data, GENERATION, options, (model, row) ->
        generated(model, text(row, column, prompt), generation(model, options, row, seed)));
  }

  /**
   * Adds the columns of {@link #generate}: {@code gap} tokens between two texts, as {@link TarFlowLM#infill} gives them.
   *
   * @param gap integer column, tokens to fill in
   * @throws IllegalArgumentException as {@link #score}, or if the model is discrete
   */
  public static Dataset<Row> infill(Dataset<Row> data, String left, String gap, String right, SparkOptions options) {
    int from = column(data, left, DataTypes.StringType);
    int tokens = column(data, gap, DataTypes.IntegerType, DataTypes.LongType);
    int to = column(data, right, DataTypes.StringType);
    int seed = seedColumn(data, options);
    requireFlows(options);
    return apply(data, GENERATION, options, (model, row) -> filled(model, text(row, from, left), (int) integer(row, tokens, gap),
        text(row, to, right), generation(model, options, row, seed)));
  }

  /**
   * Adds {@code latents} [tokens][latentDim], as {@link TarFlowLM#encode} gives them for the scoring seed; {@code latent_mean}
   * [latentDim], their mean over tokens; and {@code error}. Spark ML takes {@code functions.array_to_vector(col("latent_mean"))}.
   *
   * @throws IllegalArgumentException as {@link #score}, or if the model is discrete
   */
  public static Dataset<Row> encode(Dataset<Row> data, String text, SparkOptions options) {
    int column = column(data, text, DataTypes.StringType);
    requireFlows(options);
    return apply(data, LATENTS, options, (model, row) -> encoded(model, text(row, column, text), options));
  }

  /** Registers SQL functions, see {@link SqlFunctions}. */
  public static void register(SparkSession spark, SparkOptions options) {
    SqlFunctions.register(spark, options);
  }

  /** Closes the models of this JVM that no row is using; executors close theirs when they end. */
  public static void close() {
    ModelPool.closeAll();
  }

  static Object[] scored(PooledModel model, String text, SparkOptions options) {
    Score score = model.texts().score(text, options.scoring());
    return new Object[] {score.bitsPerCharacter(), score.tokens(), score.characters(), score.bound().name(),
        Double.isNaN(score.standardError()) ? null : score.standardError()};
  }

  static Object[] tokenBits(PooledModel model, String text, SparkOptions options) {
    return new Object[] {model.tokenScorer().bits(text, options.scoring().seed())};
  }

  static Object[] generated(PooledModel model, String prompt, GenerationOptions options) {
    return columns(model.texts().generate(prompt, options).get(0));
  }

  static Object[] filled(PooledModel model, String left, int gap, String right, GenerationOptions options) {
    return columns(model.texts().infill(left, gap, right, options).get(0));
  }

  private static Object[] columns(Generation text) {
    return new Object[] {text.text(), (long) text.tokens().length, text.exact()};
  }

  static Object[] encoded(PooledModel model, String text, SparkOptions options) {
    double[][] z = model.texts().encode(text, options.scoring().seed());
    double[] mean = new double[z.length == 0 ? 0 : z[0].length];
    for (double[] token : z) {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += token[i] / z.length;
      }
    }
    return new Object[] {z, mean};
  }

  /** Reads the model on the driver, so that errors show before work starts. */
  static RowWork work(SparkOptions options, StructType columns, RowWork.Task task) {
    SparkVersion.require();
    ModelPool.of(options.model());
    return new RowWork(options, Numerics.ofThisProcess(), columns.length(), task);
  }

  private static Dataset<Row> apply(Dataset<Row> data, StructType columns, SparkOptions options, RowWork.Task task) {
    StructType schema = data.schema();
    for (StructField each : columns.add("error", DataTypes.StringType).fields()) {
      String name = options.prefix() + each.name();
      if (Arrays.stream(schema.fieldNames()).anyMatch(name::equalsIgnoreCase)) {
        throw new IllegalArgumentException("the data already have a column " + name + "; expected a free name: set a prefix");
      }
      schema = schema.add(name, each.dataType(), true);
    }
    return data.mapPartitions(work(options, columns, task), Encoders.row(schema));
  }

  static boolean hasFlows(SparkOptions options) {
    return ModelPool.of(options.model()).checkpoint().config().isFlow();
  }

  private static void requireFlows(SparkOptions options) {
    if (!hasFlows(options)) {
      throw new IllegalArgumentException("the model " + options.model() + " is discrete and has no latents; expected a flow model");
    }
  }

  private static int seedColumn(Dataset<Row> data, SparkOptions options) {
    return options.seedColumn() == null ? -1 : column(data, options.seedColumn(), DataTypes.IntegerType, DataTypes.LongType);
  }

  private static GenerationOptions generation(PooledModel model, SparkOptions options, Row row, int seedColumn) {
    GenerationOptions chosen = generation(model, options);
    return seedColumn < 0 ? chosen : chosen.withSeed(integer(row, seedColumn, options.seedColumn()));
  }

  static GenerationOptions generation(PooledModel model, SparkOptions options) {
    return options.generation() == null ? model.texts().generationOptions().withBatchSize(1) : options.generation();
  }

  static void requireText(Dataset<Row> data, String name) {
    column(data, name, DataTypes.StringType);
  }

  /** A column of any type. */
  static void requireColumn(Dataset<Row> data, String name) {
    column(data, name);
  }

  private static int column(Dataset<Row> data, String name, DataType... types) {
    String[] names = data.schema().fieldNames();
    for (int i = 0; i < names.length; i++) {
      if (names[i].equals(name)) {
        DataType found = data.schema().fields()[i].dataType();
        if (types.length > 0 && !List.of(types).contains(found)) {
          throw new IllegalArgumentException("column " + name + " is " + found.simpleString() + "; expected " + types[0].simpleString());
        }
        return i;
      }
    }
    throw new IllegalArgumentException("the data have no column " + name + "; expected one of " + String.join(", ", names));
  }

  static String text(Row row, int column, String name) {
    if (row.isNullAt(column)) {
      throw new DataException(name + " is null; expected a text");
    }
    return row.getString(column);
  }

  private static long integer(Row row, int column, String name) {
    if (row.isNullAt(column)) {
      throw new DataException(name + " is null; expected a whole number");
    }
    return ((Number) row.get(column)).longValue();
  }
}
