package org.tarflowlm.data.file;

/** Receives the progress of a download. */
@FunctionalInterface
public interface Progress {
  /** Ignores all calls. */
  Progress NONE = (name, done, total) -> { };

  /**
   * Called from time to time, and once at the end.
   *
   * @param name the file
   * @param done bytes received
   * @param total bytes in all, or -1 if unknown
   */
  void update(String name, long done, long total);
}
