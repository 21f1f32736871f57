package org.tarflowlm.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tarflowlm.Score;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.TokenScorer;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.data.tokens.TokenSequences;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;

/** Two executors, each a JVM of its own, give rows the bits of one JVM. */
@ExtendWith(Cluster.class)
class TarFlowSparkTest {
  private static final String MOBY = "call me ishmael some years ago never mind how long precisely having little or no money in my purse "
      + "and nothing particular to interest me on shore i thought i would sail about a little and see the watery part of the world ";
  private static final GenerationOptions SHORT = GenerationOptions.defaults().withMaxNewTokens(12).withSeed(4);

  @TempDir private static Path folder;
  private static String tiny;

  @BeforeAll
  static void saveAModel() {
    tiny = folder.resolve("tiny").toString();
    Cluster.tiny().save(Path.of(tiny));
  }

  private static List<String> texts() {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      texts.add((MOBY.substring(7 * i) + MOBY.repeat(i % 3)).strip());
    }
    texts.add(null);
    texts.add("Ünknown");
    texts.add("");
    return texts;
  }

  private static void assertLocal(TarFlowLM local, List<Row> rows) {
    List<String> texts = texts();
    assertEquals(texts.size(), rows.size());
    for (int i = 0; i < rows.size(); i++) {
      Row row = rows.get(i);
      if (i >= 10) {
        assertNull(row.get(2), row.toString());
        continue;
      }
      Score score = local.score(texts.get(i));
      assertNull(row.get(7), row.toString());
      assertEquals(Double.doubleToLongBits(score.bitsPerCharacter()), Double.doubleToLongBits(row.getDouble(2)), row.toString());
      assertEquals(score.tokens(), row.getLong(3));
      assertEquals(score.characters(), row.getLong(4));
      assertEquals(score.bound().name(), row.getString(5));
      assertEquals(Double.isNaN(score.standardError()) ? null : (Double) score.standardError(), row.get(6));
    }
    assertEquals("text is null; expected a text", rows.get(10).getString(7));
    assertTrue(rows.get(11).getString(7).contains("Ü"), rows.get(11).toString());
    assertEquals("the text is empty; expected at least 1 token", rows.get(12).getString(7));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void scoresHaveTheLocalBitsHoweverRowsAreSpread(int partitions) {
    try (TarFlowLM local = TarFlowLM.of(Cluster.tiny())) {
      assertLocal(local, Cluster.collect(TarFlowSpark.score(Cluster.texts(texts(), partitions), "text", SparkOptions.of(tiny))));
    }
  }

  @Test
  void thePackagedModelHasTheLocalBits() {
    List<String> texts = List.of(MOBY.substring(0, 70), MOBY.substring(30, 130), MOBY.substring(100));
    List<Row> rows = Cluster.collect(TarFlowSpark.score(Cluster.texts(texts, 3), "text", SparkOptions.defaults()));
    try (TarFlowLM local = TarFlowLM.pretrained()) {
      for (int i = 0; i < texts.size(); i++) {
        assertEquals(Double.doubleToLongBits(local.score(texts.get(i)).bitsPerCharacter()),
            Double.doubleToLongBits(rows.get(i).getDouble(2)));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3})
  void oneTextInPartsHasTheLocalBits(int stride) throws IOException {
    Path text = folder.resolve("one.text8");
    Files.writeString(text, MOBY.repeat(3).strip());
    ScoringOptions scoring = ScoringOptions.defaults().withSamples(2).withStride(stride).withMaxCharacters(601);
    Score score = TarFlowSpark.scoreText(Cluster.SPARK, text.toString(), SparkOptions.of(tiny).withScoring(scoring));
    try (TarFlowLM local = TarFlowLM.of(Cluster.tiny()); TokenSequence tokens = TokenSequences.open(text.toString(), local.tokenizer())) {
      assertEquals(local.score(tokens, scoring), score);
    }
    assertEquals(601, score.characters());
  }

  /** The rows are slow, so the executor dies among them. */
  @Test
  void aKilledExecutorCostsTimeAndNoBits() throws Exception {
    SparkOptions options = SparkOptions.of(tiny);
    RowWork slow = TarFlowSpark.work(options, TarFlowSpark.SCORE, (model, row) -> {
      Slow.sleep(300);
      return TarFlowSpark.scored(model, TarFlowSpark.text(row, 1, "text"), options);
    });
    StructType schema = TarFlowSpark.score(Cluster.texts(texts(), 1), "text", options).schema();
    FutureTask<List<Row>> job = new FutureTask<>(() ->
        Cluster.collect(Cluster.texts(texts(), 13).mapPartitions(slow, Encoders.row(schema))));
    Thread thread = new Thread(job);
    Cluster.killAnExecutorAfterTheFirstTask(thread);
    try (TarFlowLM local = TarFlowLM.of(Cluster.tiny())) {
      assertLocal(local, job.get());
    }
  }

  @Test
  void generatedTextsFillingsLatentsAndTokensAreTheLocalOnes() {
    StructType schema = new StructType().add("id", DataTypes.LongType).add("left", DataTypes.StringType)
        .add("gap", DataTypes.IntegerType).add("right", DataTypes.StringType).add("seed", DataTypes.LongType);
    Dataset<Row> data = Cluster.SPARK.createDataFrame(List.of(RowFactory.create(0L, "the ", 2, "wh", 1L),
        RowFactory.create(1L, "a", 3, "sea", 2L), RowFactory.create(2L, "b", 0, "c", 3L), RowFactory.create(3L, null, 2, "c", 4L),
        RowFactory.create(4L, "d", null, "c", null)), schema).repartition(2);
    SparkOptions options = SparkOptions.of(tiny).withGeneration(SHORT).withModelsPerExecutor(1).withPrefix("t_");
    List<Row> generated = Cluster.collect(TarFlowSpark.generate(data, "left", options.withSeedColumn("seed")));
    List<Row> filled = Cluster.collect(TarFlowSpark.infill(data, "left", "gap", "right", options));
    List<Row> encoded = Cluster.collect(TarFlowSpark.encode(data, "left", options));
    List<Row> bits = Cluster.collect(TarFlowSpark.tokenBits(data, "left", options));
    try (TarFlowLM local = TarFlowLM.of(Cluster.tiny()); TokenScorer tokens = new TokenScorer(Cluster.tiny())) {
      for (int i = 0; i < 2; i++) {
        String left = generated.get(i).getString(1);
        assertText(local.generate(left, SHORT.withSeed(i + 1)).get(0), generated.get(i));
        assertText(local.infill(left, 2 + i, generated.get(i).getString(3), SHORT).get(0), filled.get(i));
        double[][] z = local.encode(left, 1);
        List<List<Double>> latents = new ArrayList<>();
        encoded.get(i).getList(5).forEach(each -> latents.add(new ArrayList<>(doubles(each))));
        for (int t = 0; t < z.length; t++) {
          assertArrayEquals(z[t], latents.get(t).stream().mapToDouble(Double::doubleValue).toArray());
        }
        assertEquals(z[0].length, encoded.get(i).getList(6).size());
        assertArrayEquals(tokens.bits(left, 1), bits.get(i).<Double>getList(5).stream().mapToDouble(Double::doubleValue).toArray());
      }
    }
    assertEquals("t_error", generated.get(0).schema().fieldNames()[8]);
    assertTrue(filled.get(2).getString(8).contains("gap"), filled.get(2).toString());
    assertEquals("left is null; expected a text", generated.get(3).getString(8));
    assertEquals("gap is null; expected a whole number", filled.get(4).getString(8));
    assertEquals("seed is null; expected a whole number", generated.get(4).getString(8));
  }

  @SuppressWarnings("unchecked")
  private static List<Double> doubles(Object array) {
    return scala.jdk.javaapi.CollectionConverters.asJava((scala.collection.Seq<Double>) array);
  }

  private static void assertText(Generation expected, Row row) {
    assertEquals(expected.text(), row.getString(5));
    assertEquals(expected.tokens().length, row.getLong(6));
    assertEquals(expected.exact(), row.getBoolean(7));
    assertNull(row.get(8));
  }

  @Test
  void sqlFunctionsGiveTheSame() {
    TarFlowSpark.register(Cluster.SPARK, SparkOptions.of(tiny).withGeneration(SHORT));
    Cluster.texts(List.of("the whale", "Ü"), 2).createOrReplaceTempView("texts");
    List<Row> rows = Cluster.collect(Cluster.SPARK.sql("select id, tarflow_bits(text), tarflow_score(text), tarflow_token_bits(text), "
        + "tarflow_generate(text), tarflow_infill(text, 2, 'a'), tarflow_encode(text) from texts"));
    try (TarFlowLM local = TarFlowLM.of(Cluster.tiny())) {
      Score score = local.score("the whale");
      assertEquals(score.bitsPerCharacter(), rows.get(0).getDouble(1));
      assertEquals(score.tokens(), rows.get(0).getStruct(2).getLong(1));
      assertEquals(score.tokens(), rows.get(0).getStruct(3).getList(0).size());
      assertEquals(local.generate("the whale", SHORT).get(0).text(), rows.get(0).getStruct(4).getString(0));
      assertEquals(3, rows.get(0).getStruct(6).getList(1).size());
    }
    assertNull(rows.get(1).get(1));
    assertTrue(rows.get(1).getStruct(2).getString(5).contains("Ü"));
  }

  @Test
  void aModelSentWithTheJobIsFound() throws IOException {
    Cluster.SPARK.sparkContext().addFile(Cluster.zip(Path.of(tiny)).toString());
    List<Row> rows = Cluster.collect(TarFlowSpark.score(Cluster.texts(List.of("the whale"), 1), "text",
        SparkOptions.of("spark-files:tiny.zip")));
    try (TarFlowLM local = TarFlowLM.of(Cluster.tiny())) {
      assertEquals(local.score("the whale").bitsPerCharacter(), rows.get(0).getDouble(2));
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "nothing | the data have no column nothing; expected one of id, text",
      "id      | column id is bigint; expected string"})
  void wrongColumnsAreTold(String column, String message) {
    assertLine(message, () -> TarFlowSpark.score(Cluster.texts(List.of("a"), 1), column, SparkOptions.of(tiny)));
  }

  @Test
  void takenNamesAndMissingModelsAreToldBeforeWorkStarts() {
    Dataset<Row> data = Cluster.texts(List.of("a"), 1);
    assertLine("the data already have a column bound; expected a free name: set a prefix",
        () -> TarFlowSpark.score(data.withColumn("bound", data.col("id")), "text", SparkOptions.of(tiny)));
    assertTrue(assertThrows(RuntimeException.class, () -> TarFlowSpark.score(data, "text", SparkOptions.of("nobody"))).getMessage()
        .startsWith("'nobody' is neither a checkpoint of the zoo nor a folder"));
    assertLine("the model text8-ar is discrete and has no latents; expected a flow model",
        () -> TarFlowSpark.encode(data, "text", SparkOptions.of("text8-ar")));
    assertLine("batchSize is 2; expected 1: each row gives one text", () -> SparkOptions.of(tiny).withGeneration(SHORT.withBatchSize(2)));
  }

  private static void assertLine(String message, Executable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
  }

  @Test
  void anExecutorWithOtherKernelsOrWithoutTheModelEndsTheJob() {
    Numerics other = new Numerics(7, "oneDNN", "Other");
    assertTrue(failure(SparkOptions.of(tiny), other).matches("(?s).*executor \\d+ on \\S+ computes with 1 thread a kernel, products by "
        + "\\w+ and OpenBLAS's kernels for \\w+, the driver with 7 threads a kernel, products by oneDNN and OpenBLAS's kernels for Other: "
        + "results would differ.*"));
    assertTrue(failure(SparkOptions.of("/nowhere/tiny"), Numerics.ofThisProcess()).contains("'/nowhere/tiny' is neither a checkpoint"));
  }

  private static String failure(SparkOptions options, Numerics numerics) {
    RowWork work = new RowWork(options, numerics, 1, (model, row) -> new Object[] {"x"});
    StructType schema = new StructType().add("id", DataTypes.LongType).add("text", DataTypes.StringType)
        .add("x", DataTypes.StringType).add("error", DataTypes.StringType);
    Dataset<Row> rows = Cluster.texts(List.of("a"), 1).mapPartitions(work, Encoders.row(schema));
    return assertThrows(SparkException.class, rows::collectAsList).getMessage();
  }

  @Test
  void executorsGetTheDriversCoreType() {
    SparkConf conf = new SparkConf(false);
    new Numerics(1, "oneDNN", "").pin(conf);
    assertFalse(conf.contains("spark.executorEnv.OPENBLAS_CORETYPE"));
    new Numerics(1, "oneDNN", "Haswell").pin(conf);
    assertEquals("Haswell", conf.get("spark.executorEnv.OPENBLAS_CORETYPE"));
  }
}
