package org.tarflowlm.spark;

import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.tarflowlm.Score;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.tokens.TokenSequence;

/** Scores one text; tasks share its batches of windows. */
final class LongText {
  private static final int TASKS_A_SLOT = 4;

  private LongText() {}

  static Score score(JavaSparkContext spark, String text, DocumentOptions documents, SparkOptions options) {
    ModelPool pool = ModelPool.of(options.model());
    try (TokenSequence tokens = RemoteWorker.open(text, pool.checkpoint().info().tokenizer(), documents, spark.hadoopConfiguration())) {
      String everywhere = HadoopText.everywhere(text);
      return pool.use(0, model -> {
        var parts = model.texts().parts(tokens, options.scoring());
        long count = parts.count();
        int tasks = (int) Math.min(count, (long) TASKS_A_SLOT * spark.defaultParallelism());
        long[] from = IntStream.rangeClosed(0, tasks).mapToLong(task -> count * task / tasks).toArray();
        return parts.join(nats(spark, everywhere, documents, options, from));
      });
    }
  }

  /** Nats of each task's batches, in the order of the text. A static method, so that the tasks serialise only what they need. */
  private static List<double[]> nats(JavaSparkContext spark, String text, DocumentOptions documents, SparkOptions options, long[] from) {
    Numerics numerics = Numerics.ofThisProcess();
    Broadcast<SerializableConfiguration> hadoop = spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration()));
    List<Integer> tasks = IntStream.range(0, from.length - 1).boxed().toList();
    return spark.parallelize(tasks, tasks.size()).map(task -> {
      numerics.requireHereOnce(options.mixedMachines());
      ModelPool pool = ModelPool.of(options.model());
      try (TokenSequence tokens = RemoteWorker.open(text, pool.checkpoint().info().tokenizer(), documents, hadoop.value().value())) {
        return pool.use(options.modelsPerExecutor(), model -> model.texts().parts(tokens, options.scoring())
            .score(from[task], from[task + 1]));
      }
    }).collect();
  }
}
