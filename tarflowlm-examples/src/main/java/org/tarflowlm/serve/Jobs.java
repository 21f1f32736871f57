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

/** Computes answers on a fixed number of threads, behind a bounded queue. A cancelled request leaves the queue or its thread at once. */
final class Jobs implements AutoCloseable {
  private static final Logger LOG = LogManager.getLogger(Jobs.class);
  /** Longest advised wait before a retry, in seconds. */
  static final int LONGEST_RETRY = 60;
  /** Weight of the newest job in the running mean of job times. */
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

  /** Computes an answer. It throws a {@link CancellationException} soon after its thread is interrupted. */
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

  /** Drops waiting jobs, and waits that long for running ones before it interrupts them. */
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
        exchange.fail(ApiException.closing()); // has no effect if the request itself was cancelled
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
          Thread.interrupted(); // clears an interrupt that was meant for this job
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
