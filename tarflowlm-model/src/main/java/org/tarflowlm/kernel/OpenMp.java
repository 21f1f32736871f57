package org.tarflowlm.kernel;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.util.List;

/**
 * The number of OpenMP threads that a thread of ours may start. A kernel's tasks already keep all cores busy, so each wants one; ND4J's own
 * ops on the same thread keep the number that they had.
 */
final class OpenMp {
  private static volatile boolean limits;

  private OpenMp() {}

  /**
   * Finds the OpenMP library that is loaded.
   *
   * @return whether a product on a thread after {@link #takeOne} stays on it
   */
  static boolean start() {
    if ("1".equals(System.getenv("OMP_NUM_THREADS"))) {
      return true;
    }
    List<String> loaded = MatrixLibrary.loaded("libgomp");
    if (loaded.size() == 1 && !limits) {
      Native.register(OpenMp.class, NativeLibrary.getInstance(loaded.get(0)));
      limits = true;
    }
    return limits;
  }

  /** Limits the calling thread to itself; returns the number to {@link #giveBack}. */
  static int takeOne() {
    if (!limits) {
      return 1;
    }
    int before = omp_get_max_threads();
    if (before > 1) {
      omp_set_num_threads(1);
    }
    return before;
  }

  /** Restores the number of before. */
  static void giveBack(int before) {
    if (before > 1) {
      omp_set_num_threads(before);
    }
  }

  private static native int omp_get_max_threads();

  private static native void omp_set_num_threads(int threads);
}
