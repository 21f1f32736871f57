package org.tarflowlm.generate.parallel;

/**
 * Measures one flow's time per position, by steps and by blocks, and chooses between them for the next stretch of positions. Many threads
 * may share an instance.
 */
public final class DecodingSpeed {
  /** Weight of the newest measurement. */
  private static final double NEWEST = 0.5;
  /** Stretches before the first trial of blocks: a short text should not pay for the comparison. */
  private static final int UNTRIED = 16;
  /** Stretches of a trial. */
  private static final int TRIAL = 8;
  /** First stretches of each way to ignore: the JIT compiler has not compiled their code yet. */
  private static final int COLD = 4;

  private final double[] nanos = {Double.NaN, Double.NaN};
  private final int[] measured = new int[2];
  private long positionsByBlocks;
  private long passes;
  /** Stretches outside trials. */
  private int stretches;
  /** Stretches left in the trial of the way that seems slower. */
  private int trial;
  private boolean trialByBlocks;

  /** Chooses how to decode the next stretch, and with {@link Decoding#AUTO} counts it; returns true for blocks. */
  public synchronized boolean byBlocks(Decoding wanted) {
    if (wanted != Decoding.AUTO) {
      return wanted == Decoding.PARALLEL;
    }
    boolean blocks = nanos[1] < nanos[0];
    if (trial == 0 && isPowerOfTwo(++stretches)) {
      trial = TRIAL;
      trialByBlocks = !blocks;
    }
    if (trial > 0) {
      trial--;
      return trialByBlocks;
    }
    return blocks;
  }

  /** Whether the next stretches would all go by steps, without a trial. */
  synchronized boolean goesBySteps(int next) {
    boolean steps = !(nanos[1] < nanos[0]) && trial == 0;
    for (int n = stretches + 1; n <= stretches + next; n++) {
      steps &= !isPowerOfTwo(n);
    }
    return steps;
  }

  /** Counts stretches that went by steps without a measurement. */
  synchronized void passed(int count) {
    stretches += count;
  }

  /** Whether to try the slower way again: ever more rarely, since the machine's load changes and compiled code gets faster. */
  private static boolean isPowerOfTwo(int n) {
    return n >= UNTRIED && (n & n - 1) == 0;
  }

  /**
   * Records a stretch.
   *
   * @param time nanoseconds
   * @param count positions
   * @param blockPasses passes over blocks; 0 by steps
   */
  public synchronized void measured(boolean byBlocks, long time, int count, int blockPasses) {
    int way = byBlocks ? 1 : 0;
    passes += blockPasses;
    positionsByBlocks += byBlocks ? count : 0;
    if (++measured[way] > COLD) {
      double each = (double) time / count;
      nanos[way] = measured[way] == COLD + 1 ? each : nanos[way] + NEWEST * (each - nanos[way]);
    }
  }

  /** Mean number of positions that a pass over a block finished; NaN before the first pass. */
  public synchronized double positionsPerPass() {
    return passes == 0 ? Double.NaN : (double) positionsByBlocks / passes;
  }
}
