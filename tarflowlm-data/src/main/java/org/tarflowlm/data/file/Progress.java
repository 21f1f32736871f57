package org.tarflowlm.data.file;

/** Told how far a download has come. */
@FunctionalInterface
public interface Progress {
  /** Nobody looks. */
  Progress NONE = (name, done, total) -> { };

  /**
   * Called now and then, and once at the end.
   *
   * @param name the file
   * @param done bytes here
   * @param total bytes in all, or -1 if not known
   */
  void update(String name, long done, long total);
}
