package org.tarflowlm.bench;

import org.bytedeco.javacpp.FloatPointer;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.eval.Flops;
import org.tarflowlm.kernel.Gemm;
import org.tarflowlm.kernel.Parallel;

/**
 * Time of a training step's matrix products alone: their operations, forward and twice that backward, at the
 * rate that the native library reaches on all cores with products of a transformer's sizes.
 *
 * @param gigaflops of one step
 * @param gigaflopsPerSecond measured
 */
record MatrixFloor(double gigaflops, double gigaflopsPerSecond) {
  private static final int ROWS = 256;
  private static final int COLUMNS = 512;
  private static final int INNER = 256;
  private static final int TASKS_A_THREAD = 8;
  private static final int ROUNDS = 60;
  private static final double GIGA = 1e9;

  static MatrixFloor measure(TarFlowConfig config, int batch) {
    double operations = 3.0 * Flops.of(config) * batch;
    int tasks = TASKS_A_THREAD * Parallel.threads();
    FloatPointer[] factors = new FloatPointer[tasks];
    FloatPointer[] products = new FloatPointer[tasks];
    FloatPointer weight = new FloatPointer(new float[INNER * COLUMNS]);
    for (int i = 0; i < tasks; i++) {
      factors[i] = new FloatPointer(new float[ROWS * INNER]);
      products[i] = new FloatPointer((long) ROWS * COLUMNS);
    }
    double best = Double.MAX_VALUE;
    for (int round = 0; round < ROUNDS; round++) {
      long begin = System.nanoTime();
      Parallel.run(tasks, i ->
          Gemm.run(false, false, ROWS, COLUMNS, INNER, 1f, factors[i], INNER, weight, COLUMNS, 0f, products[i], COLUMNS));
      best = Math.min(best, System.nanoTime() - begin);
    }
    return new MatrixFloor(operations / GIGA, 2.0 * ROWS * COLUMNS * INNER * tasks / best);
  }

  /** The least milliseconds of a step. */
  double milliseconds() {
    return 1e3 * gigaflops / gigaflopsPerSecond;
  }
}
