package org.tarflowlm.nn;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.tarflowlm.kernel.Gemm;
import org.tarflowlm.ops.Ops;

/** Starts ND4J on a thread of its own, which takes as long as reading a checkpoint does. */
final class EarlyStart {
  private static final FutureTask<Void> OF_ND4J = new FutureTask<>(Ops::register, null);
  private static final AtomicBoolean BEGUN = new AtomicBoolean();

  private EarlyStart() {}

  /** Begins once per process. The thread's class loader for services is that of the caller. */
  static void begin() {
    if (!BEGUN.getAndSet(true)) {
      Thread thread = new Thread(() -> {
        OF_ND4J.run();
        Gemm.load();
      }, "tarflowlm-start");
      thread.setUncaughtExceptionHandler((same, failure) -> { }); // whoever uses the class that failed gets the reason
      thread.setDaemon(true);
      thread.start();
    }
  }

  /** Waits for ND4J, if its start has begun; throws what that threw, which later uses of its classes would hide. */
  static void await() {
    try {
      if (BEGUN.get()) {
        OF_ND4J.get();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the first use of ND4J waits too
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) e.getCause();
    }
  }
}
