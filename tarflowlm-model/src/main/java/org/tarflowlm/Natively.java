package org.tarflowlm;

import java.util.function.Supplier;

/** Loads native libraries. A failure is one exception with a one-line reason instead of several kinds of Error. */
final class Natively {
  private Natively() {}

  /** @throws IllegalStateException if a library cannot be loaded */
  public static <T> T run(Supplier<T> work) {
    try {
      return work.get();
    } catch (LinkageError e) {
      Throwable root = e;
      while (root.getCause() != null) {
        root = root.getCause();
      }
      throw new IllegalStateException("the native libraries cannot be loaded: "
          + (root.getMessage() == null ? root.toString() : root.getMessage().lines().findFirst().orElse(""))
          + "; they are unpacked into ~/.javacpp/cache, or the folder of -Dorg.bytedeco.javacpp.cachedir, which needs 300 MB and must "
          + "allow programs to run", e);
    }
  }
}
