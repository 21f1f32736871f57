package org.tarflowlm.kernel;

import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sdot;

import org.bytedeco.javacpp.FloatPointer;

/**
 * Computes the gradient's norm for clipping, on all cores; {@link AdamUpdate#step} then scales in its own pass. ND4J computes the norm on
 * one core and scales in another pass, which takes a twentieth of a step at three million parameters.
 */
public final class GradientClip {
  /** Elements that fit into the first-level cache, and few enough to sum in single precision. */
  private static final int CHUNK = 4_096;
  private static final int CHUNKS_A_TASK = 16;
  private static final int TASK = CHUNK * CHUNKS_A_TASK;

  private GradientClip() {}

  /** Sum of the squares of g [count]; its bits do not depend on the number of threads. */
  public static double sumOfSquares(FloatPointer g, long count) {
    double[] sums = new double[tasks(count)];
    Parallel.run(sums.length, task -> {
      Scratch scratch = Scratch.get();
      long last = Math.min(count, (task + 1L) * TASK);
      double sum = 0;
      for (long first = (long) task * TASK; first < last; first += CHUNK) {
        FloatPointer chunk = scratch.view(0, g, first);
        sum += cblas_sdot((int) Math.min(CHUNK, last - first), chunk, 1, chunk, 1);
      }
      sums[task] = sum;
    });
    double sum = 0;
    for (double part : sums) {
      sum += part;
    }
    return sum;
  }

  private static int tasks(long count) {
    return Math.toIntExact((count + TASK - 1) / TASK);
  }
}
