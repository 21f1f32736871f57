package org.tarflowlm.kernel;

import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/**
 * Runs the independent tasks of a kernel on the machine's cores.
 *
 * <p>A task must not depend on which thread runs it, so that results repeat bit for bit: kernels give every task its own
 * slice of the output and add partial sums in task order.
 *
 * <p>The pool is our own rather than the common ForkJoinPool, because a training step has about a hundred parallel sections of well
 * under a millisecond each: workers spin briefly for the next section before they sleep.
 */
public final class Parallel {
  private static final int SPINS = 20_000;
  private static final long PARK_NANOS = 200_000;
  private static final int THREADS = threadsFromEnvironment();
  private static final LinkedTransferQueue<Section> QUEUE = new LinkedTransferQueue<>();
  private static final ThreadLocal<Integer> LIMIT = ThreadLocal.withInitial(() -> THREADS);

  static {
    for (int i = 1; i < THREADS; i++) {
      Thread worker = new Thread(Parallel::serve, "tarflowlm-kernel-" + i);
      worker.setDaemon(true);
      worker.start();
    }
  }

  private Parallel() {}

  /** Threads per section: system property {@code tarflowlm.threads}, else variable TARFLOWLM_THREADS, else all processors. */
  public static int threads() {
    return THREADS;
  }

  /**
   * Calls {@code task} once for every index in [0, tasks) and returns when all calls have ended. The calling thread runs tasks
   * too. If a task throws, tasks not yet started are skipped and its exception is thrown here.
   */
  public static void run(int tasks, IntConsumer task) {
    int openMp = OpenMp.takeOne();
    try {
      runOnPool(tasks, task);
    } finally {
      OpenMp.giveBack(openMp);
    }
  }

  private static void runOnPool(int tasks, IntConsumer task) {
    int threads = Math.min(LIMIT.get(), tasks);
    if (threads <= 1) {
      for (int i = 0; i < tasks; i++) {
        task.accept(i);
      }
      return;
    }
    Section section = new Section(tasks, task);
    for (int i = 1; i < threads; i++) {
      QUEUE.offer(section);
    }
    section.work();
    section.await();
  }

  /** Runs work whose sections use at most {@code threads} threads; they are cut as always, so that bits stay. */
  public static <T> T withThreads(int threads, Supplier<T> work) {
    int before = LIMIT.get();
    LIMIT.set(threads);
    try {
      return work.get();
    } finally {
      LIMIT.set(before);
    }
  }

  /** Processes part of a batch, [first, end). */
  public interface Part {
    void run(int first, int end);
  }

  /** Splits a batch into one part per thread, as equal as possible, and calls {@code part} for each. */
  public static void runParts(int batch, Part part) {
    int tasks = Math.min(THREADS, batch);
    run(tasks, task -> part.run((int) ((long) batch * task / tasks), (int) ((long) batch * (task + 1) / tasks)));
  }

  private static void serve() {
    while (true) {
      Section section = null;
      for (int spin = 0; spin < SPINS && section == null; spin++) {
        section = QUEUE.poll();
        if (section == null) {
          Thread.onSpinWait();
        }
      }
      try {
        if (section == null) {
          section = QUEUE.take();
        }
      } catch (InterruptedException e) {
        continue; // daemon workers live as long as the process
      }
      OpenMp.takeOne();
      section.work();
    }
  }

  private static int threadsFromEnvironment() {
    String given = System.getProperty("tarflowlm.threads", System.getenv("TARFLOWLM_THREADS"));
    int processors = Runtime.getRuntime().availableProcessors();
    if (given == null || given.isBlank()) {
      return processors;
    }
    try {
      int threads = Integer.parseInt(given.trim());
      if (threads >= 1) {
        return threads;
      }
    } catch (NumberFormatException e) {
      // reported below, with the given text
    }
    throw new IllegalArgumentException("tarflowlm.threads is '" + given + "'; expected a whole number of at least 1");
  }

  private static final class Section {
    private final int tasks;
    private final IntConsumer task;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private volatile Throwable failure;
    private volatile Thread waiter;

    Section(int tasks, IntConsumer task) {
      this.tasks = tasks;
      this.task = task;
    }

    void work() {
      int i;
      while ((i = next.getAndIncrement()) < tasks) {
        try {
          if (failure == null) {
            task.accept(i);
          }
        } catch (Throwable t) {
          failure = t;
        }
        if (done.incrementAndGet() == tasks) {
          LockSupport.unpark(waiter);
        }
      }
    }

    void await() {
      for (int spin = 0; spin < SPINS && done.get() < tasks; spin++) {
        Thread.onSpinWait();
      }
      waiter = Thread.currentThread();
      while (done.get() < tasks) {
        LockSupport.parkNanos(PARK_NANOS);
      }
      if (failure instanceof RuntimeException e) {
        throw e;
      }
      if (failure instanceof Error e) {
        throw e;
      }
      if (failure != null) {
        throw new IllegalStateException(failure);
      }
    }
  }
}
