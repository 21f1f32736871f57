package org.tarflowlm.spark;

import java.io.Serializable;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.tarflowlm.data.DataException;

/**
 * A model as SQL functions: {@code tarflow_bits(text)} gives the bits per character. {@code tarflow_score(text)}, {@code
 * tarflow_token_bits(text)}, {@code tarflow_generate(prompt)}, {@code tarflow_infill(left, gap, right)} and {@code tarflow_encode(text)}
 * each give a struct: the columns that the method of {@link TarFlowSpark} adds, including {@code error}. A discrete model does not have
 * the last two.
 */
final class SqlFunctions {
  private SqlFunctions() {}

  /** What a function does with its arguments. */
  @FunctionalInterface
  private interface OfArguments extends Serializable {
    Object[] of(PooledModel model, Row arguments);
  }

  static void register(SparkSession spark, SparkOptions options) {
    RowWork score = work(options, TarFlowSpark.SCORE, (model, row) -> TarFlowSpark.scored(model, row.getString(0), options));
    spark.udf().register("tarflow_bits", (UDF1<String, Double>) text -> (Double) score.apply(RowFactory.create(text))[0],
        DataTypes.DoubleType);
    ofText(spark, "tarflow_score", TarFlowSpark.SCORE, score);
    ofText(spark, "tarflow_token_bits", TarFlowSpark.TOKEN_BITS, work(options, TarFlowSpark.TOKEN_BITS,
        (model, row) -> TarFlowSpark.tokenBits(model, row.getString(0), options)));
    ofText(spark, "tarflow_generate", TarFlowSpark.GENERATION, work(options, TarFlowSpark.GENERATION,
        (model, row) -> TarFlowSpark.generated(model, row.getString(0), TarFlowSpark.generation(model, options))));
    if (TarFlowSpark.hasFlows(options)) {
      ofText(spark, "tarflow_encode", TarFlowSpark.LATENTS, work(options, TarFlowSpark.LATENTS,
          (model, row) -> TarFlowSpark.encoded(model, row.getString(0), options)));
      RowWork infill = work(options, TarFlowSpark.GENERATION, (model, row) -> TarFlowSpark.filled(model, row.getString(0), row.getInt(1),
          row.getString(2), TarFlowSpark.generation(model, options)));
      spark.udf().register("tarflow_infill", (UDF3<String, Integer, String, Row>) (left, gap, right) ->
          RowFactory.create(infill.apply(RowFactory.create(left, gap, right))), withError(TarFlowSpark.GENERATION));
    }
  }

  private static void ofText(SparkSession spark, String name, StructType columns, RowWork work) {
    spark.udf().register(name, (UDF1<String, Row>) text -> RowFactory.create(work.apply(RowFactory.create(text))), withError(columns));
  }

  private static RowWork work(SparkOptions options, StructType columns, OfArguments task) {
    return TarFlowSpark.work(options, columns, (model, row) -> {
      for (int i = 0; i < row.length(); i++) {
        if (row.isNullAt(i)) {
          throw new DataException("argument " + (i + 1) + " is null; expected a value");
        }
      }
      return task.of(model, row);
    });
  }

  private static StructType withError(StructType columns) {
    return columns.add("error", DataTypes.StringType);
  }
}
