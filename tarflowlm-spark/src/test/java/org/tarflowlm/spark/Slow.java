package org.tarflowlm.spark;

/** Keeps a task busy on an executor, so that a test can interfere. */
final class Slow {
  private Slow() {}

  static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
