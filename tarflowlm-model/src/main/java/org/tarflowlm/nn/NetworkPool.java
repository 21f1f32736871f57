package org.tarflowlm.nn;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.Supplier;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.tarflowlm.backend.HostMemory;
import org.tarflowlm.kernel.Parallel;

/**
 * The networks of one model. A DL4J network serves one thread at a time, so a caller that finds them all in use gets another, up to one per
 * kernel thread. Callers share the kernel threads: a lone one has them all, and as many callers as threads compute on their own thread
 * each, without waiting for others. Bits are the same. Thread-safe.
 */
public final class NetworkPool {
  /** Each has weights and graphs of its own. */
  private static final int MOST = 8;

  private final Supplier<ComputationGraph> builder;
  /** One permit a network; fair, so that no caller starves. Null until the first call, which may start ND4J. */
  private Semaphore free;
  private int most;
  private final Deque<ComputationGraph> idle = new ArrayDeque<>();
  /** What the thread's outer call uses, which calls within it share. */
  private final ThreadLocal<TarFlowLayer> mine = new ThreadLocal<>();

  /** @param builder makes one more network with the model's weights */
  public NetworkPool(Supplier<ComputationGraph> builder) {
    this.builder = builder;
  }

  /** Runs work on a network that no other caller uses meanwhile; waits if all are in use. A call within a call shares its network. */
  public <T> T with(Function<TarFlowLayer, T> work) {
    if (mine.get() != null) {
      return work.apply(mine.get());
    }
    Semaphore permits = permits();
    permits.acquireUninterruptibly();
    try {
      ComputationGraph network = take();
      mine.set(TarFlowNetwork.layer(network));
      try {
        int callers = Math.max(1, most - permits.availablePermits());
        return Parallel.withThreads(Math.max(1, Parallel.threads() / callers), () -> work.apply(mine.get()));
      } finally {
        mine.remove();
        putBack(network);
      }
    } finally {
      permits.release();
    }
  }

  private synchronized Semaphore permits() {
    if (free == null) {
      most = HostMemory.isShared() ? Math.min(Parallel.threads(), MOST) : 1;
      free = new Semaphore(most, true);
    }
    return free;
  }

  private ComputationGraph take() {
    synchronized (idle) {
      if (!idle.isEmpty()) {
        return idle.pop();
      }
    }
    return builder.get();
  }

  /** The one used last is taken first, so that a lone caller always has the same. */
  private void putBack(ComputationGraph network) {
    synchronized (idle) {
      idle.push(network);
    }
  }

  /**
   * Waits for all callers, then frees the networks and what else {@code release} frees.
   *
   * @throws IllegalStateException if called from within {@link #with}, which it would wait for
   */
  public void close(Runnable release) {
    if (mine.get() != null) {
      throw new IllegalStateException("the model is closed within a call of its own; expected close() after that call");
    }
    synchronized (this) {
      if (free == null) {
        release.run();
        return;
      }
    }
    free.acquireUninterruptibly(most);
    try {
      for (ComputationGraph each : idle) {
        TarFlowNetwork.layer(each).close();
        each.close();
      }
      idle.clear();
      release.run();
    } finally {
      free.release(most);
    }
  }
}
