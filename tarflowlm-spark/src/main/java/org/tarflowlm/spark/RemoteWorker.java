package org.tarflowlm.spark;

import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.apache.spark.SparkFiles;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.corpus.Corpora;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.nn.TarFlowLayer;
import org.tarflowlm.nn.TarFlowNetwork;
import org.tarflowlm.train.RunConfig;
import org.tarflowlm.train.TrainingWorker;

/**
 * A worker in an executor's JVM. Its network and text stay in memory between rounds. A round depends only on the state that the worker
 * receives and on its number, so that any executor can replace a lost worker.
 */
final class RemoteWorker {
  private static final Logger LOG = LogManager.getLogger(RemoteWorker.class);
  private static final Map<Integer, RemoteWorker> WORKERS = new HashMap<>();
  private static Job current;

  private final TrainingWorker worker;
  private final TokenSequence text;

  /**
   * A run, as sent to executors.
   *
   * @param id of this start of the run
   * @param config the run's configuration as JSON
   * @param train name of the training text, as {@link #open} reads it
   * @param documents how documents are read
   * @param workers number of workers in the run
   * @param numerics the driver's
   * @param mixedMachines whether executors may have other numerics than the driver
   * @param hadoop settings of Hadoop's file systems
   */
  record Job(String id, String config, String train, DocumentOptions documents, int workers, Numerics numerics, boolean mixedMachines,
      Broadcast<SerializableConfiguration> hadoop) implements Serializable {}

  private RemoteWorker(Job job, RunConfig config, int number) {
    text = open(job.train, config.tokenizer(), job.documents, job.hadoop.value().value());
    worker = new TrainingWorker(config, text, number, job.workers);
  }

  /** Opens a text by name: any name that the local commands take, {@code spark-files:NAME}, or an address on a Hadoop file system. */
  static TokenSequence open(String name, String tokenizer, DocumentOptions documents, Configuration hadoop) {
    String file = name.startsWith(ModelPool.SPARK_FILES) ? SparkFiles.get(name.substring(ModelPool.SPARK_FILES.length()))
        : HadoopText.isOne(name) ? HadoopText.copy(name, hadoop).toString() : name;
    try {
      return Corpora.fromEnvironment().with(documents).open(file, Tokenizers.byName(tokenizer));
    } catch (DataException e) {
      throw new DataException(Numerics.toldBy(e.getMessage()), e);
    }
  }

  /** Computes a worker's updates {@code from} to {@code from + steps - 1}. */
  static NetworkState take(Job job, int number, NetworkState state, int from, int steps) {
    RemoteWorker remote = of(job, number);
    synchronized (remote) {
      state.into(remote.worker.network(), from);
      long begin = System.nanoTime();
      List<TarFlowNetwork.Step> taken = remote.worker.take(remote.worker.network(), from, steps);
      return NetworkState.of(remote.worker.network(), taken, (System.nanoTime() - begin) / 1e9);
    }
  }

  private static RemoteWorker of(Job job, int number) {
    synchronized (WORKERS) {
      if (current == null || !current.id.equals(job.id)) {
        WORKERS.values().forEach(RemoteWorker::close);
        WORKERS.clear();
        current = job;
      }
      return WORKERS.computeIfAbsent(number, key -> {
        long begin = System.nanoTime();
        job.numerics.requireHereOnce(job.mixedMachines);
        RemoteWorker made = new RemoteWorker(job, SparkTrainer.config(job.config), number);
        LOG.info("{}: ready as worker {} of {} after {} s", Numerics.here(), number, job.workers,
            String.format(Locale.ROOT, "%.1f", (System.nanoTime() - begin) / 1e9));
        return made;
      });
    }
  }

  private void close() {
    TarFlowLayer layer = TarFlowNetwork.layer(worker.network());
    layer.close();
    worker.network().close();
    text.close();
  }
}
