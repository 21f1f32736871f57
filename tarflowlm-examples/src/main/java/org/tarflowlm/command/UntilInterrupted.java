package org.tarflowlm.command;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/** Runs long work, and lets it save its state before the process ends. */
public final class UntilInterrupted {
  /** Exit code of an interrupted run, as shells define it for Ctrl-C. */
  public static final int INTERRUPTED = 130;
  private static final long SECONDS_TO_SAVE = 60;

  private UntilInterrupted() {}

  /** Work that ends early on request. */
  @FunctionalInterface
  public interface Run<T> {
    T run(BooleanSupplier interrupted) throws IOException;
  }

  /** On Ctrl-C or a termination signal, lets the run finish its step and save its state before the process ends. */
  public static <T> T run(Run<T> work) throws IOException {
    AtomicBoolean interrupted = new AtomicBoolean();
    CountDownLatch saved = new CountDownLatch(1);
    Thread hook = new Thread(() -> {
      interrupted.set(true);
      try {
        saved.await(SECONDS_TO_SAVE, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }, "tarflowlm-save");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      return work.run(interrupted::get);
    } finally {
      saved.countDown();
      if (!interrupted.get()) {
        Runtime.getRuntime().removeShutdownHook(hook);
      }
    }
  }
}
