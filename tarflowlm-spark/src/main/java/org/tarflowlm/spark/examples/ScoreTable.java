package org.tarflowlm.spark.examples;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.round;

import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.spark.SparkOptions;
import org.tarflowlm.spark.TarFlowSpark;

/** Scores a table of texts, also in SQL, and continues them. Runs in local mode unless spark-submit says otherwise. */
public final class ScoreTable {
  private static final List<String> TEXTS = List.of("call me ishmael", "some years ago never mind how long precisely",
      "mind long ago precisely how never some years", "Whales!");

  private ScoreTable() {}

  public static void main(String... arguments) {
    SparkConf conf = TarFlowSpark.configure(new SparkConf().setAppName("ScoreTable").setIfMissing("spark.master", "local[*]"));
    SparkSession spark = SparkSession.builder().config(conf).getOrCreate();
    SparkOptions options = SparkOptions.of("text8-mixd");
    Dataset<Row> texts = spark.createDataset(TEXTS, Encoders.STRING()).toDF("text");

    // Persisted: otherwise each later action would score the rows again.
    Dataset<Row> scored = TarFlowSpark.score(texts, "text", options).persist();
    scored.select(col("text"), round(col("bits_per_character"), 3).as("bits"), col("error")).show(false);

    TarFlowSpark.register(spark, options);
    texts.createOrReplaceTempView("texts");
    spark.sql("select count(*) as texts, round(avg(tarflow_bits(text)), 3) as mean_bits from texts").show();

    SparkOptions short20 = options.withGeneration(GenerationOptions.defaults().withMaxNewTokens(20).withSeed(1));
    TarFlowSpark.generate(texts.limit(2), "text", short20).select("text", "generated").show(false);
    scored.unpersist();
  }
}
