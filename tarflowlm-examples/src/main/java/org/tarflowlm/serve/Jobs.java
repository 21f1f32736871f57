package org.tarflowlm.serve;

import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.tarflowlm.data.DataException;
import org.tarflowlm.json.ConfigException;

/** Computes answers on a fixed number of threads, behind a queue of bounded length. A cancelled request leaves either at once. */
final class Jobs implements AutoCloseable {
  private static final Logger LOG = LogManager.getLogger(Jobs.class);
  /** Seconds. */
  static final int LONGEST_RETRY = 60;
  /** Weight of the newest job in the mean time of a job. */
  private static final double NEWEST = 0.1;

  private final ThreadPoolExecutor pool;
  private volatile double meanSeconds = 0.2;

  Jobs(int workers, int queue) {
    AtomicInteger count = new AtomicInteger();
    pool = new ThreadPoolExecutor(workers, workers, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(queue), work -> {
      Thread thread = new Thread(work, "tarflowlm-serve-" + count.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    });
  }

  /** What computes an answer. It ends with a {@link CancellationException} soon after its thread is interrupted. */
  interface Work {
    void answer(Exchange exchange);
  }

  /** @throws ApiException with status 429 if the queue is full */
  void submit(Exchange exchange, Work work) {
    Job job = new Job(exchange, work);
    try {
      pool.execute(job);
    } catch (RejectedExecutionException e) {
      throw pool.isShutdown() ? ApiException.closing() : ApiException.busy(secondsUntilRoom());
    }
    exchange.onCancel(() -> {
      pool.remove(job);
      job.interrupt();
    });
  }

  int waiting() {
    return pool.getQueue().size();
  }

  int running() {
    return pool.getActiveCount();
  }

  private int secondsUntilRoom() {
    double seconds = meanSeconds * pool.getQueue().size() / pool.getMaximumPoolSize();
    return (int) Math.max(1, Math.min(LONGEST_RETRY, Math.ceil(seconds)));
  }

  @Override
  public void close() {
    close(Duration.ofSeconds(5));
  }

  /** Waits that long for jobs that run; those that wait are dropped. */
  void close(Duration patience) {
    pool.shutdown();
    pool.getQueue().forEach(each -> ((Job) each).exchange.cancel(ApiException.closing()));
    try {
      if (!pool.awaitTermination(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        pool.shutdownNow();
        pool.awaitTermination(patience.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private final class Job implements Runnable {
    private final Exchange exchange;
    private final Work work;
    private Thread thread;

    Job(Exchange exchange, Work work) {
      this.exchange = exchange;
      this.work = work;
    }

    @Override
    public void run() {
      synchronized (this) {
        thread = Thread.currentThread();
      }
      long begin = System.nanoTime();
      try {
        exchange.requireOpen();
        work.answer(exchange);
      } catch (CancellationException e) {
        exchange.fail(ApiException.closing()); // heard only where nobody cancelled the request itself
      } catch (ApiException e) {
        exchange.fail(e);
      } catch (ConfigException | DataException e) {
        exchange.fail(ApiException.badRequest(null, e.getMessage()));
      } catch (RuntimeException | Error e) {
        if (e.getClass() == IllegalArgumentException.class) {
          exchange.fail(ApiException.badRequest(null, e.getMessage()));
        } else {
          LOG.error("{} failed", exchange.path(), e);
          exchange.fail(ApiException.internal());
        }
      } finally {
        synchronized (this) {
          thread = null;
          Thread.interrupted(); // meant for this job alone
        }
        meanSeconds += NEWEST * ((System.nanoTime() - begin) / 1e9 - meanSeconds);
      }
    }

    synchronized void interrupt() {
      if (thread != null) {
        thread.interrupt();
      }
    }
  }
}
