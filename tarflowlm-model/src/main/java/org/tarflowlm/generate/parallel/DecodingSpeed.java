package org.tarflowlm.generate.parallel;

import java.util.Arrays;

/**
 * Measures one flow's time per position, by steps and by blocks, and chooses between them for the next stretch of positions. Now and then
 * it tries the way that seems slower, and ends the trial as soon as it is lost. Many threads may share an instance.
 */
public final class DecodingSpeed {
  /** Measurements of a way to remember. Their median counts, since a stretch takes many times as long where the machine is interrupted. */
  private static final int REMEMBERED = 5;
  /** Stretches before the first trial of blocks: a short text should not pay for the comparison. */
  private static final int UNTRIED = 16;
  /** Most stretches of a trial. */
  private static final int TRIAL = 8;
  /** First stretches of each way to ignore: the JIT compiler has not compiled their code yet. */
  private static final int COLD = 4;
  /** Stretches slower than the other way's median that end a trial. */
  private static final int LOST = 2;
  /** Passes after which it shows whether guesses are any good. */
  private static final int PASSES = 8;
  /** A pass that finishes fewer positions can't pay: it takes one and a half times as long as a step, or longer. */
  private static final double LEAST_PER_PASS = 1.25;

  /** Nanoseconds per position of the last stretches, by way (steps, blocks). */
  private final double[][] nanos = new double[2][REMEMBERED];
  private final int[] measured = new int[2];
  private long positionsByBlocks;
  private long passes;
  /** Stretches outside trials. */
  private int stretches;
  /** Stretches left in the trial of the way that seems slower. */
  private int trial;
  private boolean trialByBlocks;
  /** Stretches of the trial that were slower than the other way. */
  private int lost;

  /** Chooses how to decode the next stretch, and with {@link Decoding#AUTO} counts it; returns true for blocks. */
  public synchronized boolean byBlocks(Decoding wanted) {
    if (wanted != Decoding.AUTO) {
      return wanted == Decoding.PARALLEL;
    }
    boolean blocks = blocksAreFaster();
    if (trial == 0 && isPowerOfTwo(++stretches)) {
      trial = TRIAL;
      trialByBlocks = !blocks;
      lost = 0;
    }
    if (trial > 0) {
      trial--;
      return trialByBlocks;
    }
    return blocks;
  }

  /** Whether the next stretches would all go by steps, without a trial. */
  synchronized boolean goesBySteps(int next) {
    boolean steps = !blocksAreFaster() && trial == 0;
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

  /** Whether so many passes, after so many positions, can't be worth the time of going on with them. */
  static boolean isHopeless(int blockPasses, int positions) {
    return blockPasses >= PASSES && positions < LEAST_PER_PASS * blockPasses;
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
    boolean tried = trial > 0 && byBlocks == trialByBlocks;
    if (++measured[way] > COLD) {
      double each = (double) time / count;
      nanos[way][(measured[way] - COLD - 1) % REMEMBERED] = each;
      lost += tried && each > median(1 - way) ? 1 : 0;
    }
    if (tried && (lost >= LOST || byBlocks && isHopeless(blockPasses, count))) {
      trial = 0;
    }
  }

  private boolean blocksAreFaster() {
    return median(1) < median(0);
  }

  /** Median time of a way per position; NaN before its first measurement. */
  private double median(int way) {
    int count = Math.min(REMEMBERED, measured[way] - COLD);
    if (count <= 0) {
      return Double.NaN;
    }
    double[] sorted = Arrays.copyOf(nanos[way], count);
    Arrays.sort(sorted);
    return sorted[count / 2];
  }

  /** Mean number of positions that a pass over a block finished; NaN before the first pass. */
  public synchronized double positionsPerPass() {
    return passes == 0 ? Double.NaN : (double) positionsByBlocks / passes;
  }
}
