package org.tarflowlm.spark;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.apache.spark.SparkFiles;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointException;
import org.tarflowlm.zoo.TarFlowZoo;

/**
 * The models of a JVM, by name. The first row that needs a model opens it; one row at a time uses a copy; the end of the JVM closes it.
 * Only the model's name is sent to executors, never its weights.
 */
final class ModelPool {
  static final String SPARK_FILES = "spark-files:";
  private static final Logger LOG = LogManager.getLogger(ModelPool.class);
  private static final Map<String, ModelPool> POOLS = new HashMap<>();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(ModelPool::closeAll, "tarflowlm-close-models"));
  }

  private final long begin = System.nanoTime();
  private final String name;
  private final Checkpoint checkpoint;
  private final AtomicBoolean warm = new AtomicBoolean();
  private final Deque<PooledModel> free = new ArrayDeque<>();
  private int open;

  private ModelPool(String name) {
    this.name = name;
    try {
      this.checkpoint = TarFlowZoo.resolve(name.startsWith(SPARK_FILES) ? SparkFiles.get(name.substring(SPARK_FILES.length())) : name);
    } catch (CheckpointException e) {
      throw new CheckpointException(Numerics.toldBy(e.getMessage()), e);
    }
  }

  /**
   * The pool of a model.
   *
   * @throws org.tarflowlm.checkpoint.CheckpointException if this machine has no such model, or it cannot be fetched, or is damaged
   */
  static ModelPool of(String model) {
    synchronized (POOLS) {
      return POOLS.computeIfAbsent(model, ModelPool::new);
    }
  }

  /** The weights that all copies in this pool share. */
  Checkpoint checkpoint() {
    return checkpoint;
  }

  /**
   * Runs work on a copy of the model that nobody else is using; waits for one if {@code most} are in use.
   *
   * @param most copies that may be open at once; 0 for no limit
   */
  <T> T use(int most, Function<PooledModel, T> work) {
    PooledModel model = take(most);
    try {
      T result = work.apply(model);
      if (!warm.getAndSet(true)) {
        LOG.info("{}: opened model {} and finished the first row after {} s", Numerics.here(), name,
            String.format(Locale.ROOT, "%.1f", (System.nanoTime() - begin) / 1e9));
      }
      return result;
    } finally {
      give(model);
    }
  }

  private synchronized PooledModel take(int most) {
    while (free.isEmpty() && most > 0 && open >= most) {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while waiting for a model", e);
      }
    }
    if (free.isEmpty()) {
      PooledModel model = new PooledModel(checkpoint);
      open++;
      return model;
    }
    return free.pop();
  }

  private synchronized void give(PooledModel model) {
    free.push(model);
    notifyAll();
  }

  private synchronized void close() {
    free.forEach(PooledModel::close);
    open -= free.size();
    free.clear();
  }

  /** Closes all copies that no row is using. */
  static void closeAll() {
    synchronized (POOLS) {
      POOLS.values().forEach(ModelPool::close);
      POOLS.clear();
    }
  }
}
