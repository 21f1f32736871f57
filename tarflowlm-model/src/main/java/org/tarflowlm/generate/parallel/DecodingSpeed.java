package org.tarflowlm.generate.parallel;

/**
 * Measured time a position of one flow, step by step and by blocks, and the choice between them for the next stretch of positions.
 * May be used by many threads.
 */
public final class DecodingSpeed {
  /** Weight of the newest measurement. */
  private static final double NEWEST = 0.5;
  /** Stretches that go by steps before blocks are tried once: a short text should not pay for the comparison. */
  private static final int UNTRIED = 16;
  /** Stretches of a trial. */
  private static final int TRIAL = 8;
  /** First stretches of each way that are not counted: their code is not compiled yet. */
  private static final int COLD = 4;

  private final double[] nanos = {Double.NaN, Double.NaN};
  private final int[] measured = new int[2];
  private long positionsByBlocks;
  private long passes;
  /** Outside of trials. */
  private int stretches;
  /** Stretches left of a trial of the way that seems slower. */
  private int trial;
  private boolean trialByBlocks;

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

  /** Whether, as things stand, the next stretches would all go by steps, without a trial. */
  synchronized boolean goesBySteps(int next) {
    boolean steps = !(nanos[1] < nanos[0]) && trial == 0;
    for (int n = stretches + 1; n <= stretches + next; n++) {
      steps &= !isPowerOfTwo(n);
    }
    return steps;
  }

  /** Stretches went by steps without being measured. */
  synchronized void passed(int count) {
    stretches += count;
  }

  /** Ever more rarely, what seems the slower way is tried again: the machine's load changes, and the compiler gets better. */
  private static boolean isPowerOfTwo(int n) {
    return n >= UNTRIED && (n & n - 1) == 0;
  }

  /** A stretch of positions took some time and, by blocks, some passes. */
  public synchronized void measured(boolean byBlocks, long time, int count, int blockPasses) {
    int way = byBlocks ? 1 : 0;
    passes += blockPasses;
    positionsByBlocks += byBlocks ? count : 0;
    if (++measured[way] > COLD) {
      double each = (double) time / count;
      nanos[way] = measured[way] == COLD + 1 ? each : nanos[way] + NEWEST * (each - nanos[way]);
    }
  }

  /** Mean positions that a pass over a block finished; NaN before the first. */
  public synchronized double positionsPerPass() {
    return passes == 0 ? Double.NaN : (double) positionsByBlocks / passes;
  }
}
