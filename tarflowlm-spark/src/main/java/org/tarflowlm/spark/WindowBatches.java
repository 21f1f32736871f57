package org.tarflowlm.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.MultiDataSetPreProcessor;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.data.windows.WindowIterator;

/**
 * Batches of token windows as an RDD, for DL4J's own trainers on Spark. Whatever partition makes it, batch n is the one that {@link
 * WindowIterator} gives after {@code seek(n)}.
 *
 * @param text as {@link SparkTrainer#start} takes it
 * @param tokenizer its name
 * @param length tokens per window
 * @param batch windows per batch
 * @param seed of the windows' order
 */
public record WindowBatches(String text, String tokenizer, int length, int batch, long seed) implements Serializable {

  /**
   * The first {@code count} batches. Without a pre-processor, features[0] and labels[0] are ids, INT [batch, length].
   *
   * @param preProcessor turns ids into noise or latents, such as {@link org.tarflowlm.data.latent.LatentPreProcessor#latents}; null
   *     for ids
   * @param count number of batches
   */
  public <P extends MultiDataSetPreProcessor & Serializable> JavaRDD<MultiDataSet> rdd(JavaSparkContext spark, P preProcessor, int count,
      int partitions) {
    List<Integer> numbers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      numbers.add(i);
    }
    Broadcast<SerializableConfiguration> hadoop = spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration()));
    return spark.parallelize(numbers, partitions).mapPartitions(each -> batches(each, preProcessor, hadoop));
  }

  private Iterator<MultiDataSet> batches(Iterator<Integer> numbers, MultiDataSetPreProcessor preProcessor,
      Broadcast<SerializableConfiguration> hadoop) {
    TokenSequence tokens = RemoteWorker.open(text, tokenizer, DocumentOptions.DEFAULT, hadoop.value().value());
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> tokens.close());
    WindowIterator windows = WindowIterator.builder(tokens, length).batch(batch).shuffled(seed).endless().build();
    windows.setPreProcessor(preProcessor);
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return numbers.hasNext();
      }

      @Override
      public MultiDataSet next() {
        windows.seek(numbers.next());
        return windows.next();
      }
    };
  }
}
